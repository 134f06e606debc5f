"""Documents: edits, places, and files that are none."""

from pathlib import Path

import pytest

from finetab.documents import DocumentStore, Edit, edited, edited_often, offset_at, open_document, parsed, read_text
from finetab.errors import BadFile, BadPosition

TEXT = "a\r\nbé𝒳\x0cc\rd\n"


def test_an_edited_document_has_the_tree_of_its_text() -> None:
    document = edited(open_document("a.py", "x = 1\n"), Edit(4, 5, "f(2)"), 3)
    assert (document.text, document.version) == ("x = f(2)\n", 3)
    assert document.tree is not None
    assert "call" in str(document.tree.root)


def test_many_edits_leave_the_document_that_each_of_them_would() -> None:
    one = many = open_document("a.py", "x = 1\ny = 2\n")
    for change in (Edit(6, 7, "total"), Edit(0, 1, "width"), Edit(0, 0, "# Words.\n")):
        one, many = edited(one, change, 2), edited_often(many, change, 2)
    assert many.tree is None
    many = parsed(many)
    assert (many.text, many.version, many.touched) == (one.text, one.version, one.touched)
    assert str(many.tree.root) == str(one.tree.root)  # type: ignore[union-attr]


def test_the_editor_s_language_goes_before_the_suffix() -> None:
    by_editor = open_document("untitled:Untitled-1", "x", language_id="python").language
    by_suffix = open_document("a.go", "x", language_id="unheard-of").language
    assert (by_editor and by_editor.name, by_suffix and by_suffix.name) == ("python", "go")


def test_a_text_in_no_known_language_has_no_tree() -> None:
    document = edited(open_document("a.txt", "one"), Edit(0, 1, "O"), 1)
    assert (document.text, document.tree) == ("One", None)


def test_the_store_gives_snapshots() -> None:
    store = DocumentStore()
    store.put("u", open_document("a.py", "x"))
    before = store.get("u")
    store.put("u", open_document("a.py", "y"))
    assert before is not None
    assert before.text == "x"
    store.remove("u")
    assert store.get("u") is None


def touched_by(text: str, *changes: Edit) -> list[str]:
    """The touched parts of a text after some edits."""
    document = open_document("a.txt", text)
    for change in changes:
        document = edited(document, change, document.version + 1)
    return [document.text[start:end] for start, end in document.touched]


def test_places_that_were_edited_are_known_the_newest_first() -> None:
    text = "a" * 1_000 + "b" * 1_000
    assert touched_by(text) == []
    assert touched_by(text, Edit(10, 10, "x")) == ["x"]
    typed = [Edit(10 + index, 10 + index, letter) for index, letter in enumerate("typed")]
    assert touched_by(text, *typed) == ["typed"]
    assert touched_by(text, *typed, Edit(1_500, 1_502, "new"), Edit(0, 0, "\n" * 7)) == [
        "\n" * 7 + "a" * 10 + "typed",
        "new",
    ]
    assert touched_by(text, Edit(1_500, 1_500, "late"), Edit(100, 900, "")) == ["", "late"]
    assert touched_by(text, Edit(1_500, 1_500, "gone"), Edit(1_400, 1_600, "z")) == ["z"]


def test_only_the_last_few_edited_places_are_kept() -> None:
    changes = [Edit(place, place, str(index)) for index, place in enumerate(range(0, 10_000, 1_000))]
    assert touched_by("a" * 10_000, *changes) == ["9", "8", "7", "6"]


def test_the_store_keeps_the_last_edited_documents_that_were_closed_until_they_are_open_again() -> None:
    store = DocumentStore()
    for index in range(6):
        document = open_document(f"{index}.py", "x")
        store.put(f"u{index}", edited(document, Edit(0, 0, "y"), 1) if index != 2 else document)
    for index in range(6):
        store.remove(f"u{index}")
    store.remove("never opened")
    assert [document.path for document in store.closed()] == ["1.py", "3.py", "4.py", "5.py"]
    store.put("u3", open_document("3.py", "y"))
    assert [document.path for document in store.closed()] == ["1.py", "4.py", "5.py"]
    assert [document.path for document in store.others("")] == ["3.py"]


@pytest.mark.parametrize(
    ("line", "column", "rest"),
    [
        (1, 1, TEXT),
        (1, 2, "\r\nbé𝒳\x0cc\rd\n"),
        (2, 1, "bé𝒳\x0cc\rd\n"),
        (2, 4, "\x0cc\rd\n"),
        (3, 2, "\n"),
        (4, 1, ""),
    ],
)
def test_places_are_counted_in_characters_and_lines_of_editors(line: int, column: int, rest: str) -> None:
    assert TEXT[offset_at(TEXT, line, column, "a.py") :] == rest


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [(5, 1, "has 4 lines, so there is no line 5"), (0, 1, "no line 0"),
     (1, 3, "columns 1 to 2, so there is no column 3"),
     (1, 0, "no column 0")],
)  # fmt: skip
def test_a_place_outside_the_text_is_refused(line: int, column: int, words: str) -> None:
    with pytest.raises(BadPosition, match=words):
        offset_at(TEXT, line, column, "a.py")


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\1")
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    for name, words in (("none", "There is no file"), ("binary", "binary"), ("latin", "not UTF-8"), (".", "directory")):
        with pytest.raises(BadFile, match=words):
            read_text(tmp_path / name)
