"""What may stand of an answer that was cut off when its tokens were used up: whole lines, and of them whole statements.

It is cut before it is cleaned and remembered, so that nobody sees or types into more than may stand.
"""

import re

from finetab.completion.fitting import num_faults_with
from finetab.completion.request import CompletionRequest
from finetab.core.pairs import BRACKETS

_LAST_WORD = re.compile(r"\w+$")
_MIN_SHARE = 0.25  # of the words that could stand: with fewer in whole statements, one that is begun stands with them


def cut_back(text: str, request: CompletionRequest) -> str:
    """The whole lines, or where the first is the only one, its whole words. A bracket below stays on its own line."""
    whole = text.rpartition("\n")[0]
    left = _up_to_a_statement(whole, request) if whole.strip() else _LAST_WORD.sub("", text)
    if "\n" not in left or request.suffix.lstrip(" \t")[:1] not in tuple(BRACKETS.values()):
        return left
    opening = request.prefix.rstrip().rpartition("\n")[2]
    return f"{left}\n{opening[: len(opening) - len(opening.lstrip())]}"


def _up_to_a_statement(text: str, request: CompletionRequest) -> str:
    """The longest beginning that parses as it is; or when closed, where it would else lose too much."""
    lines = text.split("\n")
    openers = request.document.language.openers if request.document.language is not None else ()
    last = [index for index, line in enumerate(lines) if line.strip() and not line.rstrip().endswith(openers)]
    beginnings = ["\n".join(lines[: index + 1]) for index in reversed(last)] or [text]
    closed = [each for each in beginnings if not _closers(each)]
    whole = min(closed, key=lambda each: num_faults_with(each, request), default="")
    begun = min(beginnings, key=lambda each: num_faults_with(f"{each}\n{_closers(each)}", request))
    return whole if len(whole.split()) >= _MIN_SHARE * len(begun.split()) else begun


def _closers(text: str) -> str:
    """What would close the brackets that a text leaves open."""
    closers: list[str] = []
    for letter in text:
        if letter in BRACKETS:
            closers.append(BRACKETS[letter])
        elif closers and letter == closers[-1]:
            closers.pop()
    return "".join(reversed(closers))
