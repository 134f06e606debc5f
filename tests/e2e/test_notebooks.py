"""Notebooks over the wire: a cell is completed between the cells around it, whatever becomes of them."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT, around, ready, started

from finetab.lsp.client import ServerProcess

NOTEBOOK = "file:///w/a.ipynb"


def cell_uri(name: str) -> str:
    return f"vscode-notebook-cell:/w/a.ipynb#{name}"


def cells(names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"kind": 2, "document": cell_uri(name)} for name in names]


def texts(given: dict[str, str], language_id: str = "python") -> list[dict[str, Any]]:
    return [
        {"uri": cell_uri(name), "languageId": language_id, "version": 1, "text": text} for name, text in given.items()
    ]


def open_notebook(server: ServerProcess, given: dict[str, str]) -> None:
    notebook = {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": cells(list(given))}
    params = {"notebookDocument": notebook, "cellTextDocuments": texts(given)}
    server.notify("notebookDocument/didOpen", params)


def change(server: ServerProcess, **changes: Any) -> None:
    params = {"notebookDocument": {"uri": NOTEBOOK, "version": 2}, "change": {"cells": changes}}
    server.notify("notebookDocument/didChange", params)


def typed(name: str, line: int, character: int, text: str) -> dict[str, Any]:
    at = {"line": line, "character": character}
    edit = {"range": {"start": at, "end": at}, "text": text}
    return {"document": {"uri": cell_uri(name), "version": 2}, "changes": [edit]}


def spliced(start: int, deleted: int, names: Sequence[str] = (), **opened: str) -> dict[str, Any]:
    array = {"start": start, "deleteCount": deleted, "cells": cells(names)}
    return {"array": array, "didOpen": texts(opened), "didClose": []}


@pytest.fixture
def echo() -> Iterator[ServerProcess]:
    with ServerProcess(SCRIPT) as server:
        result = server.start(options={"base": "echo"}, capabilities={"notebookDocument": {"synchronization": {}}})
        assert result["capabilities"]["notebookDocumentSync"] == {"notebookSelector": [{"notebook": "*"}]}
        yield ready(server)


def test_a_cell_is_completed_between_the_cells_around_it_and_the_answer_lies_in_the_cell(echo: ServerProcess) -> None:
    open_notebook(echo, {"a": "import os", "b": "x = 1\ny", "c": "print(y)"})
    (item,) = echo.answer(echo.complete_request(cell_uri("b"), 1, 1))["result"]["items"]
    assert item["range"]["start"] == {"line": 1, "character": 1}
    assert around(echo, cell_uri("b"), 1, 1) == ("import os\n\nx = 1\ny", "\n\nprint(y)")
    assert around(echo, cell_uri("b"), 0, 99) == (
        "import os\n\nx = 1",
        "\ny\n\nprint(y)",
    )


def test_edits_in_cells_and_cells_that_come_go_and_move_are_followed(echo: ServerProcess) -> None:
    open_notebook(echo, {"a": "a", "b": "b", "c": "c"})
    change(echo, textContent=[typed("a", 0, 1, "é𝒳\n"), typed("c", 0, 0, ">")])
    assert around(echo, cell_uri("b"), 0, 0) == ("aé𝒳\n\n\n", "b\n\n>c")
    change(echo, structure=spliced(1, 0, ["new"], new="n"), textContent=[typed("new", 0, 1, "!")])
    assert around(echo, cell_uri("b"), 0, 1) == ("aé𝒳\n\n\nn!\n\nb", "\n\n>c")
    change(echo, structure=spliced(0, 1) | {"didClose": [{"uri": cell_uri("a")}]})
    assert around(echo, cell_uri("b"), 0, 1) == ("n!\n\nb", "\n\n>c")
    change(echo, structure=spliced(0, 3, ["c", "new", "b"]))
    assert around(echo, cell_uri("b"), 0, 1) == (">c\n\nn!\n\nb", "")


def test_cells_of_other_languages_are_no_part_of_the_text(echo: ServerProcess) -> None:
    open_notebook(echo, {"a": "a", "b": "b"})
    structure = spliced(1, 0, ["words"])
    change(echo, structure=structure | {"didOpen": texts({"words": "# Title"}, "markdown")})
    assert around(echo, cell_uri("b"), 0, 1) == ("a\n\nb", "")
    assert around(echo, cell_uri("words"), 0, 2) == ("# ", "Title")
    language = {"didClose": [{"uri": cell_uri("b")}], "didOpen": texts({"b": "bb"}, "markdown")}
    change(echo, structure=spliced(2, 1, ["b"]) | language)
    assert around(echo, cell_uri("b"), 0, 1) == ("# Title\n\nb", "b")


def test_a_closed_notebook_is_forgotten(echo: ServerProcess) -> None:
    open_notebook(echo, {"a": "a"})
    closed = {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": cell_uri("a")}]}
    echo.notify("notebookDocument/didClose", closed)
    assert echo.complete(cell_uri("a"), 0, 0) is None
    assert echo.why()[0]["why"] == "the document is not open"


def test_changes_of_what_is_not_open_do_no_harm(echo: ServerProcess) -> None:
    change(echo, textContent=[typed("a", 0, 0, "x")])
    open_notebook(echo, {"a": "a"})
    change(echo, textContent=[typed("unknown", 0, 0, "x")], structure=spliced(7, 9, ["unsent"]))
    assert around(echo, cell_uri("a"), 0, 1) == ("a", "")


def test_another_file_sees_a_notebook_as_one_file() -> None:
    with ready(started("beside")) as server:
        open_notebook(server, {"a": "a", "b": "b"})
        server.open("file:///w/b.py", "")
        assert server.complete("file:///w/b.py", 0, 0) == "open: ready.py a.ipynb"
        assert server.complete(cell_uri("a"), 0, 0) == "open: ready.py b.py"


def test_random_edits_leave_every_cell_equal_to_the_client_s(echo: ServerProcess) -> None:
    generator = Random(0)
    model = dict.fromkeys("abc", "x")
    open_notebook(echo, model)
    for _ in range(200):
        name = generator.choice("abc")
        offset = generator.randrange(len(model[name]) + 1)
        lines = model[name][:offset].split("\n")
        new = generator.choice(["𝒳", "if x:\n", "é", "()", "\n"])
        character = len(lines[-1].encode("utf-16-le")) // 2
        change(echo, textContent=[typed(name, len(lines) - 1, character, new)])
        model[name] = model[name][:offset] + new + model[name][offset:]
    assert around(echo, cell_uri("b"), 0, 0) == (model["a"] + "\n\n", model["b"] + "\n\n" + model["c"])
