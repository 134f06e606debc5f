"""Cleaning what the model wrote: pure functions, run in order; the one that empties the text gives the reason.

Each takes the text and the request and gives the text that is left.
"""

from collections.abc import Callable
from typing import TypeAlias

from finetab.completion.request import CompletionRequest

Filter: TypeAlias = Callable[[str, CompletionRequest], str]

_PAIRS = {")": "(", "]": "[", "}": "{"}
_MIN_OVERLAP = 3  # characters of words; brackets and quotes are judged by their balance
_MAX_EQUAL_LINES = 2
_MIN_PERIOD = 8  # characters of a repeated piece within a line


def clean(text: str, request: CompletionRequest) -> tuple[str, str]:
    """The cleaned text and, when nothing is left of a text that had something, the name of the filter."""
    for name, step in FILTERS:
        left = step(text, request)
        if not left and text.strip():
            return "", name
        text = left
    return text, ""


def drop_broken_character(text: str, _request: CompletionRequest) -> str:
    """Take away a last character of which only some bytes came."""
    return text.rstrip("\ufffd")


def drop_suffix_overlap(text: str, request: CompletionRequest) -> str:
    """Take away an end that already stands after the cursor: the rest of the line, or a closing bracket of it."""
    rest = request.suffix.split("\n", 1)[0].rstrip()
    if not rest.strip():
        return text
    body = text.rstrip()
    for length in range(min(len(rest), len(body)), 0, -1):
        end = body[-length:]
        if rest.startswith(end) and _is_double(body, end):
            return body[:-length]
    return text


def _is_double(text: str, end: str) -> bool:
    """Whether an end that equals the start of the suffix is one too many, not a bracket that the text opened."""
    if sum(letter.isalnum() or letter == "_" for letter in end) >= _MIN_OVERLAP:
        return True
    return (end[-1] in _PAIRS and _unmatched(text, end[-1]) > 0) or (end in "\"'`" and text.count(end) % 2 == 1)


def _unmatched(text: str, closer: str) -> int:
    return text.count(closer) - text.count(_PAIRS[closer])


def drop_repeated_next_line(text: str, request: CompletionRequest) -> str:
    """Take everything away when it says what the next line says, or the lines from where it begins to."""
    if request.suffix.split("\n", 1)[0].strip():
        return text
    following = [line.strip() for line in request.suffix.split("\n")[1:] if line.strip()]
    if not following:
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line.strip() == following[0] and (len(following[0]) >= _MIN_OVERLAP or index > 0):
            return "\n".join(lines[:index])
    return text


def drop_repetition(text: str, _request: CompletionRequest) -> str:
    """Cut a text that has begun to repeat itself, by lines or within its last line."""
    lines = text.split("\n")
    for index in range(len(lines) - _MAX_EQUAL_LINES):
        run = {line.strip() for line in lines[index : index + _MAX_EQUAL_LINES + 1]}
        if len(run) == 1 and run != {""}:
            return "\n".join(lines[: index + 1])
    last = lines[-1]
    for period in range(_MIN_PERIOD, len(last) // 3 + 1):
        piece = last[-period:]
        if last.endswith(piece * 3):
            while last.endswith(piece * 2):
                last = last[:-period]
            return "\n".join([*lines[:-1], last])
    return text


def drop_trailing_space(text: str, _request: CompletionRequest) -> str:
    """Take away blank space at the end of lines and of the text."""
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip()


FILTERS: tuple[tuple[str, Filter], ...] = (
    ("broken character", drop_broken_character),
    ("repetition", drop_repetition),
    ("next line repeated", drop_repeated_next_line),
    ("suffix overlap", drop_suffix_overlap),
    ("trailing space", drop_trailing_space),
)
