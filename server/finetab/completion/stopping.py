"""How much to give: one line or one block, and where what the model writes must end.

The decision is made from the syntax at the cursor. The rules run while the model decodes, so that no token is
paid for that would be thrown away, and once more on the text to cut it to the character.
"""

import re
from enum import Enum

from finetab.completion.fitting import num_faults_with
from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.pairs import BRACKETS
from finetab.core.syntax import (
    SyntaxTree,
    after_comments,
    before_comments,
    block_end,
    brace_end,
    edit,
    is_opening_brace,
    opens_block,
)
from finetab.documents import Document

_CLOSERS = ")]}>\"'`;,:"
_AFTER_A_BRACE = "()]};, \t\r"
_GOES_ON = re.compile(r"\s*\}\s*(?:,|else\b|catch\b|finally\b|while\b)")  # what an empty block may be a part of
_MIN_LINE_TO_MEET = 3  # characters: a shorter line of the suffix (a bracket) is met too often by chance


class Extent(Enum):
    """How much the cursor's place asks for."""

    LINE = "line"
    BLOCK = "block"


def extent_at(document: Document, offset: int) -> Extent:
    """A block where one has just been opened and is still empty, else a line."""
    return _extent(_opener_end(document, offset))


def _extent(opener_end: int | None) -> Extent:
    return Extent.LINE if opener_end is None else Extent.BLOCK


def _opener_end(document: Document, offset: int) -> int | None:
    """Where what opens the empty block at the cursor ends; None where there is none."""
    text = document.text
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    rest = text[offset : line_end if line_end >= 0 else len(text)]
    is_closed = _GOES_ON.match(rest) is not None
    if rest.strip(_CLOSERS + " \t\r") and not is_closed:
        return None
    header_end = offset if text[line_start:offset].strip() else line_start
    header = text[:header_end].rstrip()
    if document.tree is not None:
        header = header[: before_comments(document.tree, len(header))]
    if not _opens_block(document, len(header)):
        return None
    header_start = header.rfind("\n") + 1
    following = text[line_end:] if line_end >= 0 else ""
    return len(header) if is_closed or _indent(following) <= indentation(header[header_start:]) else None


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
        self._opener_end = _opener_end(request.document, request.offset)
        self.extent = _extent(self._opener_end)
        self._next_line = next((line for line in request.suffix.split("\n")[1:] if line.strip()), "")
        self._is_line_free = not request.suffix.partition("\n")[0].strip()
        self._is_closed_below = self._next_line.lstrip().startswith("}") and _is_as_deep(self._next_line, request)
        self._checked = ""
        self._closed: int | None = None

    def __call__(self, text: str) -> bool:
        """Whether the answer is complete."""
        if self.extent is Extent.LINE:
            return _line_end(text) is not None
        # Parsing costs: look once for each line, when its first visible character has come.
        if text.startswith(self._checked):
            if self._closed is not None and "\n" in text[self._closed :]:
                return True
            if text.count("\n") <= self._checked.count("\n"):
                return False
        if not text[text.rfind("\n") :].strip():
            return False
        self._checked, self._closed = text, self.closed_in(text)
        return self._block_end(text, self._closed) is not None

    def end_in(self, text: str) -> int | None:
        """How many characters of the text belong to the answer, None while it may go on."""
        if self.extent is Extent.LINE:
            return _line_end(text)
        return self._block_end(text, self.closed_in(text))

    def closed_in(self, text: str) -> int | None:
        """Where the text has closed the block that was opened before it."""
        document, offset = self._request.document, self._request.offset
        if document.tree is None or self._opener_end is None or not text.strip():
            return None
        grown = edit(document.tree, offset, len(document.text), text)
        closed = _end_of_block(grown, self._opener_end, offset)
        return None if closed is None else closed - offset

    def _block_end(self, text: str, closed: int | None) -> int | None:
        if closed is not None and text[:closed].endswith("}") and self._is_line_free:
            closed = self._end_after(text, closed)
        ends = (_end_before_line(text, self._next_line), closed)
        return min((end for end in ends if end is not None), default=None)

    def _end_after(self, text: str, closed: int) -> int | None:
        """The end of an answer whose brace is closed: with what belongs to it on that line, once that is whole."""
        end = text.find("\n", closed)
        if end < 0:
            return None
        if not text[closed:end].strip(_AFTER_A_BRACE):
            return end
        return closed if self._is_closed_below or not self._belongs(text[closed:end], text[:end]) else end

    def _belongs(self, rest: str, text: str) -> bool:
        """Whether the rest of a closing line, `}, 1000);`, closes more or ends what makes the file parse."""
        num_open = sum(letter in BRACKETS for letter in rest)
        num_closed = sum(letter in BRACKETS.values() for letter in rest)
        return num_closed > num_open or not num_faults_with(text, self._request)


def _end_of_block(tree: SyntaxTree, opener_end: int, begin: int) -> int | None:
    """Where the block is closed that was opened before `opener_end`, and whose text begins at `begin`."""
    if is_opening_brace(tree, opener_end - 1):
        return brace_end(tree, opener_end - 1)
    begin = after_comments(tree, begin)  # those that a body begins with are not in it, for some grammars
    return block_end(tree, begin) if begin < len(tree.text) else None


def _is_as_deep(line: str, request: CompletionRequest) -> bool:
    """Whether a line begins where the last line with something on it before the cursor does."""
    return indentation(line) == indentation(request.prefix.rstrip().rpartition("\n")[2])


def _line_end(text: str) -> int | None:
    end = text.find("\n")
    return end if end >= 0 else None


def _end_before_line(text: str, line: str) -> int | None:
    """Where a line of the text that equals `line` begins, its line break left out; further in it is another one."""
    if len(line.strip()) < _MIN_LINE_TO_MEET:
        return None
    start = text.find("\n")
    while start >= 0:
        end = text.find("\n", start + 1)
        said = text[start + 1 : end if end >= 0 else len(text)]
        if said.strip() == line.strip() and indentation(said) == indentation(line):
            return start
        start = end
    return None
