"""An engine for each client, so that nobody's cached prompts are pushed out by somebody else's typing.

An editor that is opened anew is another client, so those that have rested for long are closed with what they hold.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from finetab.engine.base import Engine

REST_SECONDS = 600.0
"""After its last request a client's prompts are kept for as long."""


@dataclass(slots=True)
class _Client:
    engine: Engine
    num_running: int = 0
    rests_since: float = 0.0
    """Where nothing runs, on the clock of `time.monotonic`."""


class Clients:
    """Engines by who uses them, made by `new_engine`. Of more than `most`, those that have rested longest go.

    Safe to call from any thread.
    """

    def __init__(self, new_engine: Callable[[], Engine], most: int) -> None:
        self._new_engine, self._most = new_engine, most
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    def __len__(self) -> int:
        return len(self._clients)

    @contextmanager
    def engine_of(self, name: str) -> Iterator[Engine]:
        """A client's engine, which stays open meanwhile."""
        with self._lock:
            if name not in self._clients:
                self._clients[name] = _Client(self._new_engine())
            client = self._clients[name]
            client.num_running += 1
            self._clients.move_to_end(name)
            gone = self._take_out()
        for engine in gone:
            engine.close()
        try:
            yield client.engine
        finally:
            with self._lock:
                client.num_running -= 1
                client.rests_since = time.monotonic()

    def close(self) -> None:
        """Close all engines; what runs ends as cancelled."""
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.engine.close()

    def _take_out(self) -> list[Engine]:
        resting = [name for name, client in self._clients.items() if not client.num_running]
        too_many = resting[: max(0, len(self._clients) - self._most)]
        ago = time.monotonic() - REST_SECONDS
        gone = dict.fromkeys([*too_many, *(name for name in resting if self._clients[name].rests_since < ago)])
        return [self._clients.pop(name).engine for name in gone]
