"""How long to leave an engine alone that does not answer: twice as long each time, up to two seconds, until it does."""

import time
from collections.abc import Callable

from finetab.errors import EngineAway

_FIRST_SECONDS, _MAX_SECONDS = 0.5, 2.0


class Patience:
    """Spares each key the wait for an engine that was away a moment ago. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0
        self._seconds = _FIRST_SECONDS
        self._why = ""

    def check(self) -> None:
        """Raise `EngineAway` with the last reason while the engine is to be left alone."""
        if self._clock() < self._until:
            raise EngineAway(self._why)

    def failed(self, error: EngineAway) -> None:
        """It was away. Who was told so by `check` has not tried."""
        if self._clock() < self._until:
            return
        self._why = str(error)
        self._until = self._clock() + self._seconds
        self._seconds = min(_MAX_SECONDS, 2 * self._seconds)

    def succeeded(self) -> None:
        """It has answered."""
        self._seconds = _FIRST_SECONDS
