"""Positions, edits and answers between the protocol's terms and ours, checked against a slow, plain reference."""

from random import Random

import pytest
from lsprotocol import types

from finetab.completion.request import Answer, CompletionRequest
from finetab.documents import Edit, open_document
from finetab.lsp.convert import ACCEPTED, Found, completion_list, edit_of, offset_of, width

CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
PIECES = [
    "x",
    "é",
    "漢",
    "𝒳",
    "👩\u200d💻",
    "\n",
    "\r\n",
    "\r",
    "\x0c",
    "\x0b",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "  ",
]


def lines_of(text: str) -> list[tuple[int, str]]:
    """Where each line starts, and the line without its end; character by character."""
    lines, start, index = [], 0, 0
    while index < len(text):
        width = 2 if text.startswith("\r\n", index) else 1
        if text[index] in "\r\n":
            lines.append((start, text[start:index]))
            start = index + width
        index += width if text[index] in "\r\n" else 1
    return [*lines, (start, text[start:])]


def reference(text: str, line: int, character: int, encoding: str) -> int:
    """The offset of a position by way of the line's bytes; half a character is cut off by the decoder."""
    codec, width = CODECS[encoding]
    lines = lines_of(text)
    if line >= len(lines):
        return len(text)
    start, content = lines[line]
    return start + len(content.encode(codec)[: character * width].decode(codec, "ignore"))


def random_text(generator: Random) -> str:
    return "".join(generator.choices(PIECES, k=generator.randrange(30)))


@pytest.mark.parametrize("encoding", CODECS)
def test_offsets_agree_with_the_reference_inside_and_outside_the_text(encoding: str) -> None:
    generator = Random(encoding)
    for _ in range(2_000):
        text = random_text(generator)
        line, character = generator.randrange(12), generator.randrange(25)
        found = offset_of(text, types.Position(line, character), encoding)
        assert found == reference(text, line, character, encoding), (text, line, character)


@pytest.mark.parametrize("encoding", CODECS)
def test_random_edits_agree_with_the_reference(encoding: str) -> None:
    generator = Random(f"edits {encoding}")
    text = random_text(generator)
    for _ in range(1_000):
        places = sorted((generator.randrange(8), generator.randrange(12)) for _ in range(2))
        (start, end), new = places, random_text(generator)[:5]
        span = types.Range(types.Position(*start), types.Position(*end))
        edit = edit_of(text, types.TextDocumentContentChangePartial(range=span, text=new), encoding)
        first, last = (reference(text, *place, encoding) for place in (start, end))
        assert edit == Edit(first, last, new), (text, start, end)
        text = (text[: edit.start] + edit.replacement + text[edit.end :])[-60:]


@pytest.mark.parametrize(
    ("text", "line", "character", "encoding", "offset"),
    [
        ("a\x0cb\u2028c\x85\nd", 1, 0, "utf-16", 7),  # only the \n ends a line
        ("abc\r\nd", 0, 99, "utf-16", 3),  # the end of the line, before its \r\n
        ("a\rb\nc", 2, 1, "utf-16", 5),
        ("𝒳y", 0, 2, "utf-16", 1),
        ("𝒳y", 0, 1, "utf-16", 0),  # inside the pair
        ("𝒳y", 0, 4, "utf-8", 1),
        ("𝒳y", 0, 1, "utf-32", 1),
        ("", 0, 0, "utf-16", 0),
        ("ab\n", 1, 5, "utf-16", 3),
        ("\ud83dx", 0, 1, "utf-16", 1),  # half a pair, as an editor may leave it
    ],
)
def test_offsets_of_awkward_places(text: str, line: int, character: int, encoding: str, offset: int) -> None:
    assert offset_of(text, types.Position(line, character), encoding) == offset


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 8), ("utf-16", 4), ("utf-32", 3)])
def test_the_width_of_a_text_counts_the_client_s_units(encoding: str, units: int) -> None:
    assert width("a漢𝒳", encoding) == units


def test_a_change_without_a_range_replaces_everything() -> None:
    assert edit_of("old", types.TextDocumentContentChangeWholeDocument(text="new"), "utf-16") == Edit(0, 3, "new")


def test_a_reversed_range_removes_nothing() -> None:
    span = types.Range(types.Position(0, 2), types.Position(0, 1))
    change = types.TextDocumentContentChangePartial(range=span, text="-")
    assert edit_of("abc", change, "utf-16") == Edit(2, 2, "-")


def found_of(answer: Answer) -> Found:
    request = CompletionRequest(open_document("a.py", ""), 0)
    return Found(answer, request, "id", is_explicit=False, total_ms=1.0)


def test_an_answer_becomes_one_item_at_the_cursor_that_reports_its_acceptance() -> None:
    position = types.Position(3, 4)
    listed = completion_list(found_of(Answer("text", "answered", adapter="mine")), position)
    assert listed is not None
    (item,) = listed.items
    assert (item.insert_text, item.range) == ("text", types.Range(position, position))
    assert item.command is not None
    assert item.command.command == ACCEPTED
    assert item.command.arguments == [{"id": "id", "adapter": "mine"}]


def test_an_empty_answer_becomes_null() -> None:
    assert completion_list(found_of(Answer("", "nothing to add")), types.Position(0, 0)) is None


def test_further_candidates_are_further_items_with_ids_of_their_own() -> None:
    listed = completion_list(found_of(Answer("one", "answered", others=("two", "three"))), types.Position(0, 0))
    assert listed is not None
    assert [item.insert_text for item in listed.items] == ["one", "two", "three"]
    ids = [item.command.arguments for item in listed.items if item.command]
    assert ids == [[{"id": name, "adapter": "base"}] for name in ("id", "id/1", "id/2")]


def test_lines_end_alike_on_the_wire_whatever_ends_them_in_the_document() -> None:
    listed = completion_list(found_of(Answer("a\r\n\r\n    b", "answered")), types.Position(0, 0))
    assert listed is not None
    assert listed.items[0].insert_text == "a\n\n    b"


def test_with_a_menu_s_entry_selected_the_item_begins_with_it_and_replaces_what_it_would() -> None:
    over = types.Range(types.Position(0, 2), types.Position(0, 4))
    selected = types.SelectedCompletionInfo(over, "append")
    listed = completion_list(found_of(Answer("(x)", "answered")), types.Position(0, 4), selected)
    assert listed is not None
    assert (listed.items[0].insert_text, listed.items[0].range) == ("append(x)", over)
