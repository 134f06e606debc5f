"""The engine in this process: a network whose prompts' KV are kept.

It knows token ids and tensors; what they spell is the caller's business. All work happens on one thread of its
own, so that no two requests share a network and a caller's thread can be anything.
"""

import os
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch

from finetab.core.prefix import common_prefix_length
from finetab.core.vocabulary import Ids
from finetab.engine.base import FinishReason, Generation, GenerationRequest
from finetab.engine.budget import kv_budget
from finetab.engine.guessing import Guesser, Guesses
from finetab.engine.network import Network, PromptCache
from finetab.engine.sampling import Choice, Step, choice_of

_NICENESS = 5
_LEAST_SLOTS = 2  # prompts
_PREFILL_CHUNK = 256  # tokens between two looks at the cancellation: under a second on two cores
_PREFILL_CHUNK_GPU = 1024  # as soon done; shorter ones would decode 4-bit weights more often


@dataclass(slots=True)
class _Slot:
    """The ids whose keys and values a cache holds, in order, and the adapter they were evaluated with."""

    cache: PromptCache
    adapter: str
    ids: list[int] = field(default_factory=list)

    def cut(self, length: int) -> None:
        """Forget everything after the first `length` ids."""
        self.cache.keep(length)
        del self.ids[length:]


class _Cancelled(Exception):
    """A request was cancelled during its prefill."""


def _give_way() -> None:
    """Let the thread that talks to the editor, and the editor, go before this one and those that it starts."""
    if sys.platform == "linux":  # elsewhere a thread has no priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class TorchEngine:
    """See `Engine`. `forbidden` are ids that never come out; `end_id` ends an answer.

    Prompts stay cached within `kv_bytes`, the least recently used first to go, so that coming back to a document is
    warm; two stay whatever they take, that of the document typed in and that of one looked up in between.
    """

    def __init__(
        self, network: Network, end_id: int, forbidden: list[int], kv_bytes: int | None = None, reuse: bool = True
    ) -> None:
        device = network.device
        self._network = network
        self._end_id = end_id
        self._forbidden = torch.tensor(sorted(set(forbidden)), dtype=torch.long, device=device)
        self._forbidden_first = torch.tensor(sorted({*forbidden, end_id}), dtype=torch.long, device=device)
        self._kv_bytes = kv_budget(device) if kv_bytes is None else kv_bytes
        self._chunk = _PREFILL_CHUNK if device.type == "cpu" else _PREFILL_CHUNK_GPU
        self._reuse = reuse
        self._guesses = Guesses(network.guess_cost)
        self._slots: list[_Slot] = []
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="finetab-engine", initializer=_give_way)

    def generate(self, request: GenerationRequest) -> Generation:
        """See `Engine.generate`."""
        try:
            return self._thread.submit(self._generate, request).result()
        except (RuntimeError, CancelledError):
            if not self._closing:
                raise
            return Generation((), "cancelled", len(request.prompt), 0, 0.0, 0.0, 0.0)

    def without_reuse(self) -> "TorchEngine":
        """An engine on the same model that evaluates every prompt anew: what re-use is measured against."""
        forbidden: list[int] = self._forbidden.tolist()
        return TorchEngine(self._network, self._end_id, forbidden, self._kv_bytes, reuse=False)

    def attach(self, adapter: str, folder: Path) -> None:
        """Put an adapter beside the weights, between two requests; see `Network.attach`."""
        self._thread.submit(self._network.attach, adapter, folder).result()

    def detach(self, adapter: str) -> None:
        """Take an adapter away after the requests that have come; nothing where the engine is closed."""
        with suppress(RuntimeError, CancelledError):
            self._thread.submit(self._detach, adapter).result()

    def _detach(self, adapter: str) -> None:
        self._slots = [slot for slot in self._slots if slot.adapter != adapter]
        self._network.detach(adapter)

    def close(self) -> None:
        """See `Engine.close`."""
        self._closing = True
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._slots.clear()

    @torch.inference_mode()
    def _generate(self, request: GenerationRequest) -> Generation:
        started = time.perf_counter()
        prompt = list(request.prompt)
        head, tail = prompt[: len(prompt) - request.tail], prompt[len(prompt) - request.tail :]
        guesser = self._guesses.begin(head, request.hints)
        slot, reused = self._slot_for(prompt, request)
        ids: list[int] = []
        logprobs = request.trace.begin(reused)
        reason: FinishReason = "cancelled"
        prefilled = started
        try:
            ahead = [*tail, *guesser.guess(tail, request.max_new_tokens - 1)]
            logits_TV = self._prefill(slot, [*head, *ahead], len(ahead), request)
            prefilled = time.perf_counter()
            reason = self._decode(slot, logits_TV, ahead, request, guesser, ids, logprobs)
        except _Cancelled:
            prefilled = time.perf_counter()
        except Exception:
            self._slots.remove(slot)  # its cache and its ids may no longer agree
            raise
        self._forget_oldest()
        guesser.check(ids)
        self._guesses.remember(head, ids)
        ended = time.perf_counter()
        return Generation(
            ids=tuple(ids),
            finish_reason=reason,
            prompt_tokens=len(prompt),
            reused_tokens=reused,
            mean_logprob=sum(logprobs) / len(logprobs) if logprobs else 0.0,
            prefill_ms=(prefilled - started) * 1000,
            decode_ms=(ended - prefilled) * 1000,
            guessed_tokens=guesser.num_guessed,
            accepted_tokens=guesser.num_right,
        )

    def _slot_for(self, prompt: list[int], request: GenerationRequest) -> tuple[_Slot, int]:
        """The cached prompt that shares most with this one, cut back to what is shared, or a fresh one."""
        best, shared = None, 0
        for slot in (slot for slot in self._slots if self._reuse and slot.adapter == request.adapter):
            length = common_prefix_length(slot.ids, prompt)
            if length > shared:
                best, shared = slot, length
        # The token before the tail is always evaluated: its logits are the first answer.
        shared = min(shared, len(prompt) - request.tail - 1)
        if best is not None and shared >= len(best.ids) // 2:
            self._slots.remove(best)
        else:
            # Another place in the text: keep the prompts that are there.
            best, shared = _Slot(self._network.new_cache(), request.adapter), 0
        self._slots.append(best)
        best.cut(shared)
        return best, shared

    def _forget_oldest(self) -> None:
        """Keep to the budget."""
        while len(self._slots) > _LEAST_SLOTS and sum(slot.cache.num_bytes for slot in self._slots) > self._kv_bytes:
            del self._slots[0]

    def _prefill(self, slot: _Slot, ids: list[int], num_ahead: int, request: GenerationRequest) -> torch.Tensor:
        """Evaluate what the slot lacks; the logits (1 + num_ahead, V) of the last ids and of the place before them."""
        logits_TV = torch.empty(0)
        while len(slot.ids) < len(ids):
            if self._closing or request.is_cancelled():
                raise _Cancelled
            left = ids[len(slot.ids) :]
            is_last = len(left) <= self._chunk + num_ahead
            logits_TV = self._forward(slot, left if is_last else left[: self._chunk], 1 + num_ahead)
        return logits_TV

    def _decode(
        self, slot: _Slot, logits_TV: torch.Tensor, ahead: list[int], request: GenerationRequest, guesser: Guesser,
        ids: list[int], logprobs: list[float],
    ) -> FinishReason:  # fmt: skip
        """Append one id after the other, and what each was worth; the end token gives a logprob and no id.

        `ahead` are ids that have been evaluated before they were said: the prompt's tail as it stands, and what was
        guessed. Where the model says the same, that costs no step; where it says something else, the slot is cut back.
        """
        choice = choice_of(request.temperature, request.seed)
        said_before = len(request.prompt) - request.tail
        tail_left = request.tail
        while True:
            step = self._step(choice, logits_TV[0], request.allowed(ids), may_end=request.may_end(ids))
            is_foreseen = ahead[:1] == [step.token]
            if is_foreseen:
                ahead, logits_TV = ahead[1:], logits_TV[1:]
            if is_foreseen and tail_left:
                ids.append(step.token)
                tail_left -= 1
                continue
            logprobs.append(step.logprob)
            if step.token == self._end_id:
                return "end"
            ids.append(step.token)
            if request.should_stop(ids):
                return "stop"
            if len(ids) >= request.max_new_tokens + request.tail:
                return "length"
            if self._closing or request.is_cancelled():
                return "cancelled"
            if not is_foreseen:
                slot.cut(said_before + len(ids) - 1)
                tail_left = 0
                ahead = guesser.guess(ids, request.max_new_tokens + request.tail - len(ids) - 1)
                logits_TV = self._forward(slot, [step.token, *ahead], 1 + len(ahead))

    def _step(self, choice: Choice, logits_V: torch.Tensor, allowed: Ids | None, *, may_end: bool) -> Step:
        among = None if allowed is None else torch.from_numpy(allowed).to(logits_V.device)
        return choice.of(logits_V, self._forbidden if may_end else self._forbidden_first, among)

    def _forward(self, slot: _Slot, new_ids: list[int], num_logits: int = 1) -> torch.Tensor:
        """Evaluate ids after those of the slot; the logits (T, V) that follow the last ones."""
        start = len(slot.ids)
        logits_TV = self._network.evaluate(new_ids, start, slot.cache, min(num_logits, len(new_ids)), slot.adapter)
        slot.ids.extend(new_ids)
        return logits_TV
