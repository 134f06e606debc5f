"""An engine for each client, so that nobody's cached prompts are pushed out by somebody else's typing.

An editor that is opened anew is another client, so those that have rested for long are closed with what they hold.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from finetab.engine.base import Engine

Client: TypeAlias = tuple[str, str]
"""Whose token it is, and which of their editors."""

REST_SECONDS = 600.0
"""After its last request a client's prompts are kept for as long."""


@dataclass(slots=True)
class _Client:
    engine: Engine
    num_running: int = 0
    rests_since: float = 0.0
    """Where nothing runs, on the clock of `time.monotonic`."""


class Clients:
    """Engines by who uses them, made by `new_engine`.

    Of more than `most`, those that have rested longest go, of the owner who has most of them: so nobody pushes out
    another by calling themselves by many names. Safe to call from any thread.
    """

    def __init__(self, new_engine: Callable[[], Engine], most: int) -> None:
        self._new_engine, self._most = new_engine, most
        self._lock = threading.Lock()
        self._clients: OrderedDict[Client, _Client] = OrderedDict()

    def __len__(self) -> int:
        return len(self._clients)

    @contextmanager
    def engine_of(self, name: Client) -> Iterator[Engine]:
        """A client's engine, which stays open meanwhile."""
        with self._lock:
            if name not in self._clients:
                self._clients[name] = _Client(self._new_engine())
            client = self._clients[name]
            client.num_running += 1
            self._clients.move_to_end(name)
        self.let_go()
        try:
            yield client.engine
        finally:
            with self._lock:
                client.num_running -= 1
                client.rests_since = time.monotonic()

    def let_go(self) -> None:
        """Close the engines that have rested for long, and those that are too many."""
        with self._lock:
            gone = self._take_out()
        for engine in gone:
            engine.close()

    def close(self) -> None:
        """Close all engines; what runs ends as cancelled."""
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.engine.close()

    def _take_out(self) -> list[Engine]:
        resting = [name for name, client in self._clients.items() if not client.num_running]
        ago = time.monotonic() - REST_SECONDS
        gone = [self._clients.pop(name).engine for name in resting if self._clients[name].rests_since < ago]
        resting = [name for name in resting if name in self._clients]
        while resting and len(self._clients) > self._most:
            of_owner = Counter(owner for owner, _ in self._clients)
            oldest = max(resting, key=lambda name: of_owner[name[0]])  # the first of several
            resting.remove(oldest)
            gone.append(self._clients.pop(oldest).engine)
        return gone
