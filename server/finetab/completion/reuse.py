"""Answers that need no model: asked before at this very place, or typed into since."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from finetab.completion.pairing import up_to_bracket, up_to_quote
from finetab.completion.request import Answer, CompletionRequest, Why
from finetab.core.pairs import OPENERS
from finetab.documents import Edit, edited

_CAPACITY = 256  # places
_KEPT_AT_A_PLACE = 8  # answers with the same text after the cursor
_MAX_TYPED = 256  # characters typed into an answer before it is given up


@dataclass(frozen=True, slots=True)
class _Remembered:
    prefix_length: int
    prefix_hash: int
    answer: Answer
    num_candidates: int
    """How many were asked for; there may be fewer."""


class Memory:
    """The last answers by file and suffix, least recently used first to go. One per base and adapter in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, int], tuple[_Remembered, ...]] = OrderedDict()

    def remember(self, request: CompletionRequest, answer: Answer) -> None:
        """Keep an answer, an empty one as well: it says that the model had nothing to add."""
        place = (request.document.path, hash(request.suffix))
        entry = _Remembered(request.offset, hash(request.prefix), answer, request.num_candidates)
        with self._lock:
            self._answers[place] = (entry, *self._answers.get(place, ()))[:_KEPT_AT_A_PLACE]
            self._answers.move_to_end(place)
            while len(self._answers) > _CAPACITY:
                self._answers.popitem(last=False)

    def find(self, request: CompletionRequest) -> Answer | None:
        """What is left of an answer after what has been typed since, or the answer itself; None if there is none.

        Where an answer has been taken whole, what was worked out for the line after it.
        """
        entries = self._at((request.document.path, hash(request.suffix)))
        found = _find(entries, request.prefix, request.num_candidates) or self._within_a_pair(request)
        line_end = line_break_after(request, "")
        if (found is not None and found.text) or not line_end or not _was_taken(entries, request.prefix):
            return found
        ahead = _find(entries, request.prefix + line_end, 1)
        if ahead is None or not ahead.text:
            return found
        return replace(ahead, text=line_end + ahead.text, others=(), why="remembered")

    def was_taken(self, request: CompletionRequest) -> bool:
        """Whether an answer has been put in whole and the cursor stands after it."""
        return _was_taken(self._at((request.document.path, hash(request.suffix))), request.prefix)

    def _within_a_pair(self, request: CompletionRequest) -> Answer | None:
        """What is left of an answer up to the end of a bracket, or quote, that the editor has closed on its own."""
        closer = request.suffix[:1]
        if closer not in OPENERS:
            return None
        entries = self._at((request.document.path, hash(request.suffix[1:])))
        found = _find(entries, request.prefix, request.num_candidates)
        if found is None:
            return None
        is_quote = OPENERS[closer] == closer
        inside = up_to_quote(found.text, closer) if is_quote else up_to_bracket(request, found.text)
        if inside in ("", found.text):
            return None
        within = replace(found, text=inside, others=())
        self.remember(request, within)
        return within

    def _at(self, place: tuple[str, int]) -> tuple[_Remembered, ...]:
        with self._lock:
            return self._answers.get(place, ())


def _find(entries: Sequence[_Remembered], prefix: str, num_candidates: int) -> Answer | None:
    """What one of the answers leaves after what has been typed since it was asked for."""
    for entry in entries:
        typed = _typed_since(entry, prefix)
        if typed is None or (entry.num_candidates < num_candidates and entry.answer.text):
            continue
        if not typed:
            return _rest(entry.answer, typed)
        for text in (entry.answer.text, *entry.answer.others):
            if text.startswith(typed) and text != typed:
                return _rest(replace(entry.answer, text=text), typed)
    return None


def _was_taken(entries: Sequence[_Remembered], prefix: str) -> bool:
    return any(
        typed and typed in (entry.answer.text, *entry.answer.others)
        for entry in entries
        for typed in [_typed_since(entry, prefix)]
    )


def _typed_since(entry: _Remembered, prefix: str) -> str | None:
    """What has been typed after the place of an answer, None where the text before it is another."""
    typed = prefix[entry.prefix_length :]
    if len(typed) > _MAX_TYPED or len(prefix) < entry.prefix_length:
        return None
    return typed if hash(prefix[: entry.prefix_length]) == entry.prefix_hash else None


def _rest(answer: Answer, typed: str) -> Answer:
    """What is left of an answer into which somebody has typed."""
    candidates = [other for other in answer.others if other.startswith(typed) and other not in (typed, answer.text)]
    others = tuple(other[len(typed) :] for other in candidates)
    why: Why = "typed through" if typed else "remembered"
    known = answer.prompt_tokens
    return replace(
        answer, text=answer.text[len(typed) :], others=others, why=why, reused_tokens=known, generated_tokens=0
    )


def line_break_after(request: CompletionRequest, text: str) -> str:
    """The line break that would follow a text at the cursor; "" where the line goes on after it, or would be blank."""
    line = request.prefix.rpartition("\n")[2] + text
    if request.suffix.partition("\n")[0].strip() or not line.strip():
        return ""
    return "\r\n" if "\r\n" in request.document.text else "\n"


def following(request: CompletionRequest, text: str) -> CompletionRequest | None:
    """The request on a new line after a text has been taken, None where there would be none."""
    line_break = line_break_after(request, text)
    if not line_break:
        return None
    taken = text + line_break
    document = edited(request.document, Edit(request.offset, request.offset, taken), request.document.version)
    return replace(request, document=document, offset=request.offset + len(taken))
