"""Between the protocol's terms and ours: positions, edits, answers. Pure."""

from dataclasses import dataclass
from typing import TypeAlias

from lsprotocol import types

from finetab.completion.request import Answer, CompletionRequest
from finetab.documents import LINE_END, Edit

Encoding: TypeAlias = types.PositionEncodingKind | str

_WIDE = 0x10000  # the first character that takes two units of UTF-16
ACCEPTED = "finetab.accepted"


def offset_of(text: str, position: types.Position, encoding: Encoding) -> int:
    """Characters before a position. Past the end of a line is its end, past the last line the end of the text.

    A position inside a character is the character's start.
    """
    start = 0
    ends = LINE_END.finditer(text)
    for _ in range(position.line):
        end = next(ends, None)
        if end is None:
            return len(text)
        start = end.end()
    last = next(ends, None)
    line = text[start : last.start() if last else len(text)]
    return start + _characters(line, position.character, encoding)


def _characters(line: str, units: int, encoding: Encoding) -> int:
    if encoding == types.PositionEncodingKind.Utf32 or line.isascii():
        return min(units, len(line))
    counted = 0
    for index, letter in enumerate(line):
        counted += _units(letter, encoding)
        if counted > units:
            return index
    return len(line)


def width(text: str, encoding: Encoding) -> int:
    """Units of a text without line ends."""
    return (
        len(text) if encoding == types.PositionEncodingKind.Utf32 else sum(_units(letter, encoding) for letter in text)
    )


def _units(letter: str, encoding: Encoding) -> int:
    if encoding == types.PositionEncodingKind.Utf8:
        return len(letter.encode("utf-8", "surrogatepass"))
    return 2 if ord(letter) >= _WIDE and encoding == types.PositionEncodingKind.Utf16 else 1


def edit_of(text: str, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> Edit:
    """One content change as an edit of the text; a change without a range replaces it all."""
    if isinstance(change, types.TextDocumentContentChangePartial):
        start = offset_of(text, change.range.start, encoding)
        return Edit(start, max(start, offset_of(text, change.range.end, encoding)), change.text)
    return Edit(0, len(text), change.text)


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, and what it answers."""

    answer: Answer
    request: CompletionRequest
    """At the cursor, as the document was, whatever was selected in a menu."""
    request_id: str
    is_explicit: bool
    total_ms: float
    lead: str = ""
    """The rest of a menu's selected entry, which stands between the cursor and the answer."""

    @property
    def candidates(self) -> list[tuple[str, str]]:
        """Id and text of each one, the best first; none where there is nothing to insert."""
        texts = (self.answer.text, *self.answer.others) if self.answer.text else ()
        return [(f"{self.request_id}/{index}" if index else self.request_id, text) for index, text in enumerate(texts)]


def completion_list(
    found: Found, position: types.Position, selected: types.SelectedCompletionInfo | None = None
) -> types.InlineCompletionList | None:
    """The candidates as the protocol has them, None for nothing.

    Clients send back the command alone, so it has the id. With an entry of a menu selected, an item has to begin with
    that entry and to replace what it would.
    """
    if not found.candidates:
        return None
    before = selected.text if selected is not None else ""
    over = selected.range if selected is not None else types.Range(start=position, end=position)
    adapter = found.answer.adapter
    items = [
        types.InlineCompletionItem(insert_text=before + sent(text), range=over, command=accepted(item_id, adapter))
        for item_id, text in found.candidates
    ]
    return types.InlineCompletionList(items)


def sent(text: str) -> str:
    """A text as clients take it, whatever ends the document's lines: some put carriage returns into a line."""
    return text.replace("\r\n", "\n")


def accepted(request_id: str, adapter: str) -> types.Command:
    """What a client runs once an answer has been inserted."""
    arguments = [{"id": request_id, "adapter": adapter}]
    return types.Command(title="finetab: accepted", command=ACCEPTED, arguments=arguments)
