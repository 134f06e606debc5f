"""Answers that need no model: asked before at this very place, or typed into since."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from finetab.completion.request import Answer, CompletionRequest, Why

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
        """What is left of an answer after what has been typed since, or the answer itself; None if there is none."""
        prefix = request.prefix
        with self._lock:
            entries = self._answers.get((request.document.path, hash(request.suffix)), ())
        for entry in entries:
            typed = prefix[entry.prefix_length :]
            if len(typed) > _MAX_TYPED or len(prefix) < entry.prefix_length:
                continue
            if hash(prefix[: entry.prefix_length]) != entry.prefix_hash or not entry.answer.text.startswith(typed):
                continue
            rest = entry.answer.text[len(typed) :]
            if rest or not typed:
                why: Why = "typed through" if typed else "remembered"
                known = entry.answer.prompt_tokens
                return replace(entry.answer, text=rest, why=why, reused_tokens=known, generated_tokens=0)
        return None
