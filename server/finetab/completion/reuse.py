"""Answers that need no model: asked before at this very place, or typed into since."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from finetab.completion.request import Answer, CompletionRequest, Why
from finetab.documents import Edit, edited

_CAPACITY = 256  # places
_KEPT_AT_A_PLACE = 8  # answers with the same text after the cursor
_MAX_TYPED = 256  # characters typed into an answer before it is given up


@dataclass(frozen=True, slots=True)
class _Remembered:
    prefix_length: int
    prefix_hash: int
    answer: Answer


class Memory:
    """The last answers by file and suffix, least recently used first to go. One per base and adapter in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, int], tuple[_Remembered, ...]] = OrderedDict()

    def remember(self, request: CompletionRequest, answer: Answer) -> None:
        """Keep an answer, an empty one as well: it says that the model had nothing to add."""
        place = (request.document.path, hash(request.suffix))
        entry = _Remembered(request.offset, hash(request.prefix), answer)
        with self._lock:
            self._answers[place] = (entry, *self._answers.get(place, ()))[:_KEPT_AT_A_PLACE]
            self._answers.move_to_end(place)
            while len(self._answers) > _CAPACITY:
                self._answers.popitem(last=False)

    def find(self, request: CompletionRequest) -> Answer | None:
        """What is left of an answer after what has been typed since, or the answer itself; None if there is none.

        Where an answer has been taken whole, what was worked out for the line after it.
        """
        place = (request.document.path, hash(request.suffix))
        found = self._find(place, request.prefix)
        line_end = line_break_after(request, "")
        if not line_end or (found is not None and found.text):
            return found
        ahead = self._find(place, request.prefix + line_end)
        if ahead is None or not ahead.text:
            return found
        return replace(ahead, text=line_end + ahead.text, others=(), why="remembered")

    def _find(self, place: tuple[str, int], prefix: str) -> Answer | None:
        with self._lock:
            entries = self._answers.get(place, ())
        for entry in entries:
            typed = prefix[entry.prefix_length :]
            if len(typed) > _MAX_TYPED or len(prefix) < entry.prefix_length:
                continue
            if hash(prefix[: entry.prefix_length]) != entry.prefix_hash or not entry.answer.text.startswith(typed):
                continue
            if len(typed) < len(entry.answer.text) or not typed:
                return _rest(entry.answer, typed)
        return None


def _rest(answer: Answer, typed: str) -> Answer:
    """What is left of an answer into which somebody has typed."""
    others = tuple(other[len(typed) :] for other in answer.others if other.startswith(typed) and other != typed)
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
