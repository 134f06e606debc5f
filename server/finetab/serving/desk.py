"""Where a request is served: the adapter it names, the engine of who asks, and what is counted of it."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from finetab.engine.base import Generation, GenerationRequest
from finetab.errors import FinetabError
from finetab.serving.answering import Answering
from finetab.serving.asked import Asked
from finetab.serving.clients import Client, Clients
from finetab.serving.metrics import Metrics
from finetab.serving.rate import Rate
from finetab.serving.served import Served

MOST_AT_ONCE = 128
MOST_EACH = 8
"""Requests of one user that run or wait: they are answered one after the other, and each holds a thread meanwhile."""
MOST_OF_OWNER = MOST_AT_ONCE // 4
"""Requests with one token: as many users as it may name, there is room for others."""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Desk:
    """All that requests need. `hashes` are of the tokens that open it; without any it is open to who can reach it."""

    served: Served
    clients: Clients
    metrics: Metrics
    rate: Rate
    hashes: Mapping[str, str] = field(default_factory=dict)
    last_used: float = field(default_factory=time.monotonic)
    """On the clock of `time.monotonic`."""
    _of_client: Counter[Client] = field(default_factory=Counter)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST_AT_ONCE, "finetab-answer"))

    @property
    def num_running(self) -> int:
        """Requests that run or wait."""
        return self._of_client.total()

    def is_crowded(self, asked: Asked, owner: str) -> bool:
        """Whether a user, or all who have a token, have as many requests here as may wait."""
        of_owner = sum(count for (one, _), count in self._of_client.items() if one == owner)
        return self._of_client[owner, asked.user] >= MOST_EACH or (bool(self.hashes) and of_owner >= MOST_OF_OWNER)

    def begin(self, asked: Asked, owner: str) -> tuple[Answering, AsyncIterator[dict[str, Any]]]:
        """Begin to work out an answer; its chunks raise `UnknownName` or `BadAdapter` before the first one comes."""
        answering, client = Answering(asked, self.served.base.tokenizer), (owner, asked.user)
        work = self._pool.submit(self._generate, answering.request(), asked.model, client)
        self._of_client[client] += 1
        self.metrics.running.inc()
        loop, started = asyncio.get_running_loop(), time.perf_counter()
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(partial(self._count, done, started, client)))
        return answering, answering.chunks(work)

    def close(self) -> None:
        """End what runs."""
        self.clients.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _generate(self, request: GenerationRequest, model: str, client: Client) -> Generation:
        with self.served.adapter_of(model) as adapter, self.clients.engine_of(client) as engine:
            return engine.generate(request.by(adapter))

    def _count(self, done: Future[Generation], started: float, client: Client) -> None:
        self._of_client -= Counter([client])  # and forgets who has none left
        self.last_used = time.monotonic()
        self.metrics.running.dec()
        seconds = time.perf_counter() - started
        self.metrics.seconds.observe(seconds)
        if done.cancelled():
            self.metrics.requests.labels("cancelled").inc()
            return
        error = done.exception()
        if error is not None:
            self.metrics.requests.labels("refused" if isinstance(error, FinetabError) else "failed").inc()
            if not isinstance(error, FinetabError):
                _LOG.error("an answer failed", exc_info=error)
            return
        found = done.result()
        self.metrics.requests.labels(found.finish_reason).inc()
        if found.ids:
            self.metrics.first_seconds.observe(seconds - found.decode_ms / 1000)
        for kind, count in (
            ("reused", found.reused_tokens),
            ("evaluated", found.prompt_tokens - found.reused_tokens),
            ("generated", len(found.ids)),
        ):
            self.metrics.tokens.labels(kind).inc(count)
