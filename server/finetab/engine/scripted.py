"""An engine without a model: answers come from a function of the prompt. For tests and for trying out editors."""

import threading
import time
from collections.abc import Callable, Sequence

from finetab.core.prefix import common_prefix_length
from finetab.engine.base import FinishReason, Generation, GenerationRequest


class ScriptedEngine:
    """Gives the ids that `script` returns for a prompt, one a step, `step_seconds` each.

    It obeys stop rules, budgets and cancellation as a model's engine does, and counts the tokens that a
    prompt shares with the one before as re-used. `prompts` holds every prompt it was asked.
    """

    kept_bytes = 0

    def __init__(self, script: Callable[[Sequence[int]], Sequence[int]], step_seconds: float = 0.0) -> None:
        self.prompts: list[list[int]] = []
        self._script = script
        self._step_seconds = step_seconds
        self._lock = threading.Lock()

    def generate(self, request: GenerationRequest) -> Generation:
        """See `Engine.generate`."""
        with self._lock:
            prompt = list(request.prompt)
            reused = common_prefix_length(self.prompts[-1], prompt) if self.prompts else 0
            self.prompts.append(prompt)
            started = time.perf_counter()
            tail = prompt[len(prompt) - request.tail :]
            ids, reason = self._decode(request, [*tail, *self._script(prompt)])
            elapsed_ms = (time.perf_counter() - started) * 1000
        reused = min(reused, len(prompt) - 1)
        return Generation(tuple(ids), reason, len(prompt), max(reused, 0), 0.0, 0.0, elapsed_ms)

    def close(self) -> None:
        """See `Engine.close`."""

    def _decode(self, request: GenerationRequest, answer: Sequence[int]) -> tuple[list[int], FinishReason]:
        ids: list[int] = []
        for index in answer:
            if request.is_cancelled():
                return ids, "cancelled"
            if len(ids) == request.max_new_tokens + request.tail:
                return ids, "length"
            time.sleep(self._step_seconds)
            ids.append(index)
            if request.should_stop(ids):
                return ids, "stop"
        return ids, "cancelled" if request.is_cancelled() else "end"
