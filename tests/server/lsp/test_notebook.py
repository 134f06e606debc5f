"""Cells of one language as one text."""

from finetab.lsp.notebook import Cell, Notebook

CELLS = {
    "#1": Cell("python", "import os"),
    "#2": Cell("markdown", "# Files"),
    "#3": Cell("python", ""),
    "#4": Cell("python", "os.listdir()"),
}
NOTEBOOK = Notebook(("#1", "#2", "#unsent", "#3", "#4"), CELLS)


def test_the_cells_of_a_language_are_joined_in_order() -> None:
    assert NOTEBOOK.joined("python") == "import os\n\n\n\nos.listdir()"
    assert NOTEBOOK.joined("markdown") == "# Files"
    assert Notebook(NOTEBOOK.order[::-1], CELLS).joined("python") == "os.listdir()\n\n\n\nimport os"


def test_each_cell_stands_in_the_joined_text_where_its_start_says() -> None:
    for uri, cell in CELLS.items():
        start = NOTEBOOK.start_of(uri)
        assert NOTEBOOK.joined(cell.language_id)[start : start + len(cell.text)] == cell.text
    assert [NOTEBOOK.start_of(uri) for uri in CELLS] == [0, 0, 11, 13]
