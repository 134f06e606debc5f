"""The engine in this process: a network whose prompts' KV are kept.

It knows token ids and tensors; what they spell is the caller's business. All work happens on one thread of its
own, so that no two requests share a network and a caller's thread can be anything.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch

from finetab.core.memory import works
from finetab.core.prefix import common_prefix_length
from finetab.engine.base import FinishReason, Generation, GenerationRequest
from finetab.engine.budget import kv_budget
from finetab.engine.decoding import Decoding
from finetab.engine.draft import Draft, Pace
from finetab.engine.guessing import Guesses
from finetab.engine.network import CutNetwork, Network, PromptCache
from finetab.engine.outlook import Outlook, WholeOutlook
from finetab.engine.sampling import Rules

_NICENESS = 5
_LEAST_SLOTS = 2  # prompts
_PREFILL_CHUNK = 384  # tokens between two looks at the cancellation, half as many more at the end: 0.3 s on two cores
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
        thread = threading.get_native_id()
        with suppress(OSError):  # who has given way already may not take it back
            os.setpriority(os.PRIO_PROCESS, thread, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


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
        self._cut = network if isinstance(network, CutNetwork) else None
        self._rules = Rules.of(end_id, forbidden, device)
        self._pace = Pace()
        self._kv_bytes = kv_budget(device) if kv_bytes is None else kv_bytes
        self._chunk = _PREFILL_CHUNK if device.type == "cpu" else _PREFILL_CHUNK_GPU
        self._reuse = reuse
        self._guesses = Guesses(network.guess_cost)
        self._slots: list[_Slot] = []
        self._kept_bytes = 0
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
        finally:
            works()

    def without_reuse(self) -> "TorchEngine":
        """An engine on the same model that evaluates every prompt anew: what re-use is measured against."""
        forbidden: list[int] = self._rules.never.tolist()
        return TorchEngine(self._network, self._rules.end_id, forbidden, self._kv_bytes, reuse=False)

    @property
    def kept_bytes(self) -> int:
        """What past prompts took after the last request."""
        return self._kept_bytes

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
        logprobs = request.trace.begin(reused)
        draft = self._draft(request)

        def evaluate(said: int, new_ids: Sequence[int]) -> Outlook:
            slot.cut(len(head) + said)
            return self._forward(slot, draft, new_ids, len(new_ids))

        decoding = Decoding(request, self._rules, guesser, draft, evaluate, lambda: self._is_over(request))
        ids = decoding.ids
        reason: FinishReason = "cancelled"
        prefilled = started
        try:
            ahead = [*tail, *guesser.guess(tail, request.max_new_tokens - 1)]
            outlook = self._prefill(slot, draft, [*head, *ahead], len(ahead), request)
            prefilled = time.perf_counter()
            reason = decoding.run(outlook, ahead)
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
        taken = [slot.cache.num_bytes for slot in self._slots]
        while len(taken) > _LEAST_SLOTS and sum(taken) > self._kv_bytes:
            del self._slots[0], taken[0]
        self._kept_bytes = sum(taken)

    def _prefill(
        self, slot: _Slot, draft: Draft | None, ids: list[int], num_ahead: int, request: GenerationRequest
    ) -> Outlook:
        """Evaluate what the slot lacks; what may follow the last ids and the place before them."""
        while True:
            if self._is_over(request):
                raise _Cancelled
            left = ids[len(slot.ids) :]
            # What is read counts for the next key as well, and a short rest would take as long as half a chunk.
            if len(left) <= self._chunk * 3 // 2 + num_ahead:
                return self._forward(slot, draft, left, 1 + num_ahead)
            self._forward(slot, draft, left[: self._chunk], 1)

    def _is_over(self, request: GenerationRequest) -> bool:
        return self._closing or request.is_cancelled()

    def _forward(self, slot: _Slot, draft: Draft | None, new_ids: Sequence[int], num_places: int) -> Outlook:
        """Evaluate ids after those of the slot; what may follow the last ones."""
        asked = new_ids, len(slot.ids), slot.cache, min(num_places, len(new_ids)), slot.adapter
        outlook = draft.evaluate(*asked) if draft is not None else WholeOutlook(self._network.evaluate(*asked))
        slot.ids.extend(new_ids)
        return outlook

    def _draft(self, request: GenerationRequest) -> Draft | None:
        """Where the head is cut and the likeliest ids are taken."""
        if self._cut is None or request.temperature > 0:
            return None
        head = self._cut.likely_head(request.prompt)
        return Draft(self._cut, head, self._rules, self._pace) if head is not None else None
