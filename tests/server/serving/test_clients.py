"""An engine a client: kept while it is used, and those that rest longest go first."""

import pytest

from finetab.engine.base import Engine, Generation, GenerationRequest
from finetab.serving import clients as clients_module
from finetab.serving.clients import Clients


class Counted:
    def __init__(self, closed: list["Counted"]) -> None:
        self._closed = closed

    def generate(self, request: GenerationRequest) -> Generation:
        return Generation((), "end", 0, 0, 0.0, 0.0, 0.0)

    def close(self) -> None:
        self._closed.append(self)


def use(clients: Clients, name: str) -> Engine:
    with clients.engine_of(name) as engine:
        return engine


def test_the_engine_that_rests_longest_goes_and_one_at_work_stays() -> None:
    closed: list[Counted] = []
    clients = Clients(lambda: Counted(closed), 2)
    with clients.engine_of("a") as first:
        second = use(clients, "b")
        assert use(clients, "b") is second
        use(clients, "c")
        assert closed == [second]
        assert use(clients, "a") is first
        assert len(clients) == 2
    clients.close()
    assert len(closed) == 3


def test_what_a_client_held_that_has_left_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Counted] = []
    clients = Clients(lambda: Counted(closed), 8)
    with clients.engine_of("at work"):
        left = use(clients, "left")
        monkeypatch.setattr(clients_module, "REST_SECONDS", 0.0)
        use(clients, "another")
        assert closed == [left]
        assert len(clients) == 2
