"""Cleaning what the model wrote: pure functions, run in order; the one that empties the text gives the reason.

Each takes the text and the request and gives the text that is left.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rapidfuzz.distance import Levenshtein

from finetab.completion.fitting import drop_stray_closers, drop_what_breaks, fit_indentation, goes_on
from finetab.completion.indentation import indentation
from finetab.completion.pairing import num_quotes, stay_within_pair
from finetab.completion.request import CompletionRequest
from finetab.core.credentials import holds_long_credentials
from finetab.core.fim import FIM_ROWS
from finetab.core.pairs import BRACKETS, OPENERS

Filter: TypeAlias = Callable[[str, CompletionRequest], str]

_MIN_OVERLAP = 3  # characters of words; brackets and quotes are judged by their balance
_ENDS_A_STATEMENT = ";,"
_AFTER_A_BRACKET = " ;:,{"
_MAX_EQUAL_LINES = 2
_MIN_PERIOD = 8  # characters of a repeated piece within a line
_COMPARED_LINES = 3
_MIN_NEAR = 20  # characters: shorter lines that are nearly alike are often meant
_NEAR = 0.05  # of the letters differ, as in Tabby's filter of the same purpose
_SENTINELS = tuple(
    sorted({token for row in FIM_ROWS for token in (row.prefix, row.suffix, row.middle, row.end)
            if isinstance(token, str)})
)  # fmt: skip


def clean(text: str, request: CompletionRequest) -> tuple[str, str]:
    """The cleaned text and, when nothing is left of a text that had something, the name of the filter."""
    for name, step in FILTERS if text else ():
        left = step(text, request)
        if not left:
            return "", name if text.strip() else ""
        text = left
    return text, ""


def drop_broken_character(text: str, _request: CompletionRequest) -> str:
    """Take away a last character of which only some bytes came."""
    return text.rstrip("\ufffd")


def drop_suffix_overlap(text: str, request: CompletionRequest) -> str:
    """Take away an end that already stands after the cursor: the rest of the line, or a closing bracket of it.

    With the bracket goes what ends the statement after it, which an editor that closes brackets has not written.
    """
    rest = request.suffix.split("\n", 1)[0].rstrip()
    for body in (text.rstrip(), text.rstrip().rstrip(_ENDS_A_STATEMENT)):
        for length in range(min(len(rest), len(body)), 0, -1):
            end = body[-length:]
            if rest.startswith(end) and (_is_double(body, end) or (end == rest and _is_code(end))):
                return body[:-length]
    return text


def _is_code(rest: str) -> bool:
    """Whether the rest of a line is more than what closes something: ` + 1`, `.y`, `[0]`."""
    left = rest.strip("".join(OPENERS) + _AFTER_A_BRACKET)
    return bool(left) and not rest.isidentifier()


def _is_double(text: str, end: str) -> bool:
    """Whether an end that equals the start of the suffix is one too many, not a bracket that the text opened."""
    if sum(letter.isalnum() or letter == "_" for letter in end) >= _MIN_OVERLAP:
        return True
    last = end.rstrip(_AFTER_A_BRACKET)[-1:]
    if not last:
        return True
    return (last in OPENERS and _unmatched(text, last) > 0) or (last in "\"'`" and num_quotes(text, last) % 2 == 1)


def _unmatched(text: str, closer: str) -> int:
    return text.count(closer) - text.count(OPENERS[closer])


def drop_repeated_next_line(text: str, request: CompletionRequest) -> str:
    """Take everything away when it says what the next line says, as far in, or the lines from where it begins to.

    What only opens something may well be said twice: a decorator, a call over several lines. Beyond its first line a
    text has its own indentation, and a bracket further in is not the one that stands below.
    """
    if request.suffix.split("\n", 1)[0].strip():
        return text
    below = next((line.rstrip() for line in request.suffix.split("\n")[1:] if line.strip()), "")
    first, *others = text.split("\n")
    line = (request.prefix.rpartition("\n")[2] + first).rstrip()
    is_as_deep = indentation(line) in (0, indentation(below))  # not at all: it may have been left out
    is_said_twice = line.strip() == below.strip() and is_as_deep
    if first.strip() and len(below.strip()) >= _MIN_OVERLAP and is_said_twice and not goes_on(first, request):
        return ""
    for index, line in enumerate(others):
        if below and line.rstrip() == below:
            return "\n".join([first, *others[:index]])
    return text


def drop_near_repetition(text: str, request: CompletionRequest) -> str:
    """Take everything away that says, but for a few letters, what the lines after the cursor say.

    One line alone is not judged: its neighbour is often meant to differ in a digit or a word.
    """
    following = [line for line in request.suffix.split("\n")[1:] if line.strip()]
    num_lines = min(_COMPARED_LINES, len(text.strip().split("\n")))
    said, there = (_bare(lines[:num_lines]) for lines in (text.strip().split("\n"), following))
    if num_lines < 2 or min(len(said), len(there)) < _MIN_NEAR or request.suffix.split("\n", 1)[0].strip():
        return text
    return "" if Levenshtein.normalized_distance(said, there) <= _NEAR else text


def _bare(lines: Sequence[str]) -> str:
    return "\n".join(line.strip() for line in lines)


def drop_sentinels(text: str, request: CompletionRequest) -> str:
    """Cut a text where it spells a control token, unless the file has that token: it may be about them."""
    spelled = (token for token in _SENTINELS if token in text and token not in request.document.text)
    return text[: min((text.find(token) for token in spelled), default=len(text))]


def drop_secrets(text: str, request: CompletionRequest) -> str:
    """Take everything away that holds a key, a token or a password, or ends one that has been begun."""
    language = request.document.language
    line = request.prefix.rpartition("\n")[2] + text + request.suffix.partition("\n")[0]
    return "" if holds_long_credentials(line, language.suffixes[0] if language is not None else ".py") else text


def drop_repetition(text: str, _request: CompletionRequest) -> str:
    """Cut a text that has begun to repeat itself, by lines or within its last line."""
    lines = text.split("\n")
    for index in range(len(lines) - _MAX_EQUAL_LINES):
        run = set(lines[index : index + _MAX_EQUAL_LINES + 1])
        if len(run) == 1 and _has_letters(lines[index]):
            return "\n".join(lines[: index + 1])
    last = lines[-1]
    for period in range(_MIN_PERIOD, len(last) // 3 + 1):
        piece = last[-period:]
        if last.endswith(piece * 3) and _has_letters(piece):
            while last.endswith(piece * 2):
                last = last[:-period]
            return "\n".join([*lines[:-1], last])
    return text


def _has_letters(text: str) -> bool:
    """Rows of numbers, rules and closing brackets are repeated on purpose."""
    return any(letter.isalpha() for letter in text)


def drop_trailing_space(text: str, request: CompletionRequest) -> str:
    """Take away blank space at the end of lines and of the text.

    Left is what a bracket after the cursor stands in, and what parts a text from code that follows in its line.
    """
    *lines, last = text.split("\n")
    left = "\n".join(line.rstrip() for line in (*lines, last)).rstrip()
    following = request.suffix[:1]
    is_apart = text[:1].isspace() if following in BRACKETS.values() else bool(following.strip())
    if is_apart and last.strip():
        return "\n".join([*(line.rstrip() for line in lines), last])
    closes = request.suffix.lstrip(" \t")[:1] in OPENERS
    return f"{left}\n{last}" if left and lines and closes and not last.strip() else left


FILTERS: tuple[tuple[str, Filter], ...] = (
    ("broken character", drop_broken_character),
    ("control token", drop_sentinels),
    ("secret", drop_secrets),
    ("repetition", drop_repetition),
    ("indentation", fit_indentation),
    ("next line repeated", drop_repeated_next_line),
    ("nearly repeated", drop_near_repetition),
    ("behind the pair", stay_within_pair),
    ("suffix overlap", drop_suffix_overlap),
    ("stray bracket", drop_stray_closers),
    ("does not parse", drop_what_breaks),
    ("trailing space", drop_trailing_space),
)
