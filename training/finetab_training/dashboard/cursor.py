"""Where the cursor stands in a text that somebody edits in a browser: a mark in the text itself."""

from finetab.documents import offset_at
from finetab.errors import BadInput

MARK = "<CURSOR>"


def split(marked: str) -> tuple[str, int]:
    """The text without its mark, and the characters before it. Raises `BadInput` unless there is exactly one."""
    if marked.count(MARK) != 1:
        raise BadInput(f"The code holds {marked.count(MARK)} marks {MARK}; write one, where the cursor is to stand.")
    return marked.replace(MARK, ""), marked.index(MARK)


def put(text: str, offset: int) -> str:
    """The text with a mark behind its first `offset` characters."""
    return f"{text[:offset]}{MARK}{text[offset:]}"


def moved(marked: str, line: int, column: int) -> str:
    """The same text with the mark at a line and column, both from 1. Raises `BadPosition` outside the text."""
    text = marked.replace(MARK, "")
    return put(text, offset_at(text, line, column, "the code"))


def accepted(marked: str, answer: str) -> str:
    """The text with an answer written at its mark, which then stands behind it."""
    text, offset = split(marked)
    return put(text[:offset] + answer + text[offset:], offset + len(answer))
