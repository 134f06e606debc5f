"""Waiting for the shared engine: where the one that had the place has ended meanwhile, another one is started."""

import pytest

from finetab import sharing
from finetab.core.progress import silent
from finetab.errors import EngineAway
from finetab.sharing import SharedEngine


class Absent:
    """An engine that is there once it has been started a second time."""

    def __init__(self) -> None:
        self.starts = 0

    def start(self) -> None:
        self.starts += 1

    def check(self) -> None:
        if self.starts < 2:
            raise EngineAway("not yet")


def test_who_waits_for_an_engine_that_ends_starts_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_LOOK_SECONDS", 0.001)
    absent, shared = Absent(), object.__new__(SharedEngine)
    shared._process = None
    monkeypatch.setattr(SharedEngine, "start", lambda _self: absent.start())
    shared.wait(absent, silent)  # type: ignore[arg-type]
    assert absent.starts == 2
