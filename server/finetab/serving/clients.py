"""An engine for each client, so that nobody's cached prompts are pushed out by somebody else's typing.

An editor that is opened anew is another client, so those that have rested for long are closed with what they hold.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from finetab.engine.base import Engine

Client: TypeAlias = tuple[str, str]
"""Whose token it is, and which of their editors."""

REST_SECONDS = 600.0
"""After its last request a client's prompts are kept for as long."""


class KeepingEngine(Engine, Protocol):
    """An engine that tells what it keeps."""

    @property
    def kept_bytes(self) -> int:
        """What past prompts take."""
        ...


@dataclass(slots=True)
class _Client:
    engine: KeepingEngine
    num_running: int = 0
    rests_since: float = 0.0
    """Where nothing runs, on the clock of `time.monotonic`."""


class Clients:
    """Engines by who uses them, made by `new_engine`.

    Where there are more than `most`, or they keep more than `most_bytes`, those that have rested longest go, of the
    owner who has most: so nobody pushes out another by calling themselves by many names. Safe to call from any thread.
    """

    def __init__(self, new_engine: Callable[[], KeepingEngine], most: int, most_bytes: int) -> None:
        self._new_engine, self._most, self._most_bytes = new_engine, most, most_bytes
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
        """Close the engines that have rested for long, and those that are too many or keep too much."""
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
        gone = [name for name in resting if self._clients[name].rests_since < ago]
        kept = {name: client.engine.kept_bytes for name, client in self._clients.items() if name not in gone}
        resting = [name for name in resting if name in kept]
        while resting and (len(kept) > self._most or sum(kept.values()) > self._most_bytes):
            of_owner: Counter[str] = Counter()
            for (owner, _), num_bytes in kept.items():
                of_owner[owner] += 1 if len(kept) > self._most else num_bytes
            oldest = max(resting, key=lambda name: of_owner[name[0]])  # the first of several
            resting.remove(oldest)
            del kept[oldest]
            gone.append(oldest)
        return [self._clients.pop(name).engine for name in gone]
