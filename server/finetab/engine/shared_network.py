"""A network that many engines use at once, each with prompts of its own: their steps together where that is possible.

So each user has an engine whose cached prompts nobody else can push out, and all have the weights in common. A long
prompt is evaluated in pieces while others wait, so that it holds nobody up for longer than a piece takes.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import torch

from finetab.engine.network import Network, Part, PromptCache, TogetherNetwork

_PIECE = 64  # tokens: some 80 ms of Gemma 270M on two cores
_SHORT = 16  # tokens that are no prompt but the next step of an answer
_GATHER_SECONDS = 0.004  # for the others of a batch to choose their next ids


@dataclass(slots=True)
class _Evaluation:
    """A call of `Network.evaluate`, of which the first `done` ids have been evaluated."""

    ids: list[int]
    start: int
    cache: PromptCache
    num_logits: int
    adapter: str
    logits: Future[torch.Tensor] = field(default_factory=Future)
    done: int = 0

    @property
    def is_short(self) -> bool:
        """Whether it is done in one go, before what is long."""
        return len(self.ids) - self.done <= _SHORT

    def rest(self) -> Part:
        """What is left to evaluate."""
        return Part(self.ids[self.done :], self.start + self.done, self.cache, self.num_logits)


_Change: TypeAlias = tuple[Callable[[], None], Future[None]]


class SharedNetwork:
    """See `Network`. Used from any number of threads; all evaluations happen on one of its own."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._arrived = threading.Condition()
        self._short: deque[_Evaluation] = deque()
        self._long: deque[_Evaluation] = deque()
        self._changes: deque[_Change] = deque()
        self._num_together = 0
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="finetab-network", daemon=True)
        self._thread.start()

    @property
    def device(self) -> torch.device:
        """See `Network.device`."""
        return self._network.device

    @property
    def guess_cost(self) -> float:
        """See `Network.guess_cost`."""
        return self._network.guess_cost

    def new_cache(self) -> PromptCache:
        """See `Network.new_cache`."""
        return self._network.new_cache()

    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_logits: int, adapter: str) -> torch.Tensor:
        """See `Network.evaluate`."""
        work = _Evaluation(list(ids), start, cache, num_logits, adapter)
        with self._arrived:
            if self._is_closing:
                raise RuntimeError("the network has been closed")
            (self._short if work.is_short else self._long).append(work)
            self._arrived.notify()
        return work.logits.result()

    def attach(self, adapter: str, folder: Path) -> None:
        """See `Network.attach`."""
        self._change(lambda: self._network.attach(adapter, folder))

    def detach(self, adapter: str) -> None:
        """See `Network.detach`."""
        self._change(lambda: self._network.detach(adapter))

    def close(self) -> None:
        """End the thread after what has been asked for."""
        with self._arrived:
            self._is_closing = True
            self._arrived.notify()
        self._thread.join()

    def _change(self, change: Callable[[], None]) -> None:
        done: Future[None] = Future()
        with self._arrived:
            self._changes.append((change, done))
            self._arrived.notify()
        done.result()

    @torch.inference_mode()
    def _run(self) -> None:
        while self._wait():
            while self._changes:
                change, changed = self._changes.popleft()
                _settle(changed, change)
            self._step()
            if self._long:
                self._advance(self._long.popleft())

    def _wait(self) -> bool:
        """Until there is something to do; False when there will be nothing any more.

        Those who had a step together soon want the next one: who comes first waits for the others a little.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self._short or self._long or self._changes or self._is_closing)
            if self._num_together > 1:
                self._arrived.wait_for(lambda: len(self._short) >= self._num_together, _GATHER_SECONDS)
            return bool(self._short or self._long or self._changes)

    def _step(self) -> None:
        """Evaluate all that is short, together where it is for the same adapter and the network can."""
        works = [self._short.popleft() for _ in range(len(self._short))]
        self._num_together = len(works)
        if not isinstance(self._network, TogetherNetwork):
            for work in works:
                self._finish(work)
            return
        for adapter in dict.fromkeys(work.adapter for work in works):
            self._finish_together(self._network, adapter, [work for work in works if work.adapter == adapter])

    def _finish_together(self, network: TogetherNetwork, adapter: str, works: Sequence[_Evaluation]) -> None:
        try:
            found = network.evaluate_together([work.rest() for work in works], adapter)
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            for work in works:
                work.logits.set_exception(error)
            return
        for work, logits in zip(works, found, strict=True):
            work.logits.set_result(logits)

    def _advance(self, work: _Evaluation) -> None:
        """Evaluate a piece, and let the others have their turn; all of it where nobody waits."""
        left = len(work.ids) - work.done
        if left - _PIECE < work.num_logits or not (self._short or self._long):
            self._finish(work)
            return
        piece = work.ids[work.done : work.done + _PIECE]
        try:
            self._network.evaluate(piece, work.start + work.done, work.cache, 1, work.adapter)
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            work.logits.set_exception(error)
            return
        work.done += len(piece)
        (self._short if work.is_short else self._long).append(work)

    def _finish(self, work: _Evaluation) -> None:
        rest = work.rest()
        _settle(
            work.logits,
            lambda: self._network.evaluate(rest.ids, rest.start, rest.cache, rest.num_logits, work.adapter),
        )


def _settle(done: Future[Any], work: Callable[[], Any]) -> None:
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - handed to the one who waits
        done.set_exception(error)
