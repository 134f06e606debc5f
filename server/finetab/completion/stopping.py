"""How much to give: one line or one block, and where what the model writes must end.

The decision is made from the syntax at the cursor. The rules run while the model decodes, so that no token is
paid for that would be thrown away, and once more on the text to cut it to the character.
"""

from enum import Enum

from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.syntax import block_end, code_end, edit, opens_block
from finetab.documents import Document

_CLOSERS = ")]}>\"'`;,:"
_MIN_LINE_TO_MEET = 3  # characters: a shorter line of the suffix (a bracket) is met too often by chance


class Extent(Enum):
    """How much the cursor's place asks for."""

    LINE = "line"
    BLOCK = "block"


def extent_at(document: Document, offset: int) -> Extent:
    """A block where one has just been opened and is still empty, else a line."""
    text = document.text
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    rest = text[offset : line_end if line_end >= 0 else len(text)]
    if rest.strip(_CLOSERS + " \t\r"):
        return Extent.LINE
    header_end = offset if text[line_start:offset].strip() else line_start
    header = text[:header_end].rstrip()
    if document.tree is not None:
        header = header[: code_end(document.tree, len(header))]
    if not _opens_block(document, len(header)):
        return Extent.LINE
    header_start = header.rfind("\n") + 1
    following = text[line_end:] if line_end >= 0 else ""
    return Extent.BLOCK if _indent(following) <= indentation(header[header_start:]) else Extent.LINE


def _opens_block(document: Document, end: int) -> bool:
    """Whether a block follows what stands before `end`; where there is no tree, the last characters decide."""
    if document.language is None or not document.text.endswith(document.language.openers, 0, end):
        return False
    return document.tree is None or opens_block(document.tree, end)


def _indent(text: str) -> int:
    """The indentation of the first line that is not blank, -1 where there is none."""
    for line in text.split("\n"):
        if line.strip():
            return indentation(line)
    return -1


class StopRule:
    """Where the answer to one request ends. Called after every token with the text so far, some of it said anew."""

    def __init__(self, request: CompletionRequest) -> None:
        self._request = request
        self.extent = extent_at(request.document, request.offset)
        self._next_line = next((line.strip() for line in request.suffix.split("\n")[1:] if line.strip()), "")
        self._checked = ""

    def __call__(self, text: str) -> bool:
        """Whether the answer is complete."""
        if self.extent is Extent.LINE:
            return self.end_in(text) is not None
        # Parsing costs: look once for each line, when its first visible character has come.
        is_seen = text.startswith(self._checked) and text.count("\n") <= self._checked.count("\n")
        if is_seen or not text[text.rfind("\n") :].strip():
            return False
        self._checked = text
        return self.end_in(text) is not None

    def end_in(self, text: str) -> int | None:
        """How many characters of the text belong to the answer, None while it may go on."""
        return _line_end(text) if self.extent is Extent.LINE else self._block_end(text)

    def _block_end(self, text: str) -> int | None:
        met = _end_before_line(text, self._next_line)
        document = self._request.document
        visible = len(text) - len(text.lstrip())
        if document.tree is None or visible == len(text):
            return met
        offset = self._request.offset
        grown = edit(document.tree, offset, len(document.text), text)
        closed = block_end(grown, offset + visible)
        ends = [end for end in (met, closed - offset if closed is not None else None) if end is not None]
        return min(ends) if ends else None


def _line_end(text: str) -> int | None:
    end = text.find("\n")
    return end if end >= 0 else None


def _end_before_line(text: str, line: str) -> int | None:
    """Where a line of the text that equals `line` begins, its line break left out."""
    if len(line) < _MIN_LINE_TO_MEET:
        return None
    start = text.find("\n")
    while start >= 0:
        end = text.find("\n", start + 1)
        if text[start : end if end >= 0 else len(text)].strip() == line:
            return start
        start = end
    return None
