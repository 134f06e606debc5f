"""When to ask the model: where in a text it is of use, and how long to wait for the next key.

Waiting is measured against the person's own rhythm: a delay that most of their next keys would beat wastes nothing
while they type on, and when they stop it is over at once (adaptive delays: arXiv 2511.18842; places: Tabby).
"""

import math
import re
from collections import deque

from finetab.core.syntax import is_prose
from finetab.documents import Document

_MAX_TO_THE_RIGHT = 8  # characters, as in llama.vim
_CLOSERS = ")]}>\"'`;,: \t\r"
_AFTER_THESE_A_NEW_THING_BEGINS = " .([{=,:"
_SHARE_OF_KEYS = 0.75  # that come sooner than the delay
_KEPT_KEYS = 20
_PAUSE_SECONDS = 2.0  # a longer one says nothing of the rhythm
_USUAL_SECONDS, _MIN_SECONDS, _MAX_SECONDS = 0.12, 0.03, 0.25
MIN_LOGPROB = {"eager": -math.inf, "normal": -0.6, "calm": -0.3}
"""From which mean log-probability an answer is shown unasked: where `benchmarks/confidence.py` loses nothing that is
right, and where about half of what it shows is (the default base, untuned)."""
_HEADER = re.compile(r"(?:^|\||\belse)\s*(?:elif|for|if|switch|until|while)\b")
_RUN = 2  # deletions in a row: what is being taken back is not to be completed


def why_not_here(document: Document, offset: int) -> str:
    """Why nothing is to be suggested at a place unless asked by hand; "" where something is."""
    text = document.text
    line_end = text.find("\n", offset)
    left = text[text.rfind("\n", 0, offset) + 1 : offset]
    right = text[offset : line_end if line_end >= 0 else len(text)]
    if right[:1].isalnum() or right[:1] == "_":
        return "the cursor stands before a word"
    if _is_text(right, document):
        return "there is text to the right of the cursor"
    if not right.strip() and _is_complete(left, document, offset):
        return "the statement is complete"
    return ""


def _is_text(right: str, document: Document) -> bool:
    """Whether more than a little code stands to the right: not what ends brackets or an element, nor a comment."""
    comment = document.language.comment if document.language is not None else "#"
    if right.lstrip().startswith((")", "]", "}", "</", comment)):
        return False
    return len([letter for letter in right if letter not in _CLOSERS]) > _MAX_TO_THE_RIGHT


def _is_complete(left: str, document: Document, offset: int) -> bool:
    """Whether a line's semicolon ends it: none in a comment or a string, between brackets, or in a block's header."""
    if not left.rstrip(" \t").endswith(";") or document.tree is None or _HEADER.search(left):
        return False
    is_open = any(left.count(opener) > left.count(closer) for opener, closer in ("()", "[]", "{}"))
    return not is_open and not is_prose(document.tree, len(document.text[:offset].rstrip(" \t")))


def share_of_delay(document: Document, offset: int) -> float:
    """How much of the usual delay fits a place: none at the start of a line, half where a new thing begins."""
    line_start = document.text.rfind("\n", 0, offset) + 1
    before = document.text[line_start:offset]
    if not before.strip():
        return 0.0
    return 0.5 if before[-1] in _AFTER_THESE_A_NEW_THING_BEGINS else 1.0


class Rhythm:
    """How somebody types in one document. Times are seconds of any clock that never goes back."""

    def __init__(self) -> None:
        self._between_keys: deque[float] = deque(maxlen=_KEPT_KEYS)
        self._last = float("-inf")
        self._num_deletions = 0

    def edited(self, now: float, *, is_deletion: bool) -> None:
        """Take note of an edit."""
        if now - self._last < _PAUSE_SECONDS:
            self._between_keys.append(now - self._last)
        self._last = now
        self._num_deletions = self._num_deletions + 1 if is_deletion else 0

    def is_taking_back(self, now: float) -> bool:
        """Whether the last edits were deletions, one after the other, and not long ago."""
        return self._num_deletions >= _RUN and now - self._last < _PAUSE_SECONDS

    def delay(self, now: float, share: float) -> float:
        """Seconds to wait, counted from now, for a place with this share of the delay."""
        keys = sorted(self._between_keys)
        usual = keys[int(len(keys) * _SHARE_OF_KEYS)] if len(keys) >= _KEPT_KEYS // 2 else _USUAL_SECONDS
        wanted = share * min(max(usual, _MIN_SECONDS), _MAX_SECONDS)
        return max(0.0, wanted - (now - self._last))
