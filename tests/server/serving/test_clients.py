"""An engine a client: kept while it is used, and those that rest longest go first."""

import pytest

from finetab.engine.base import Engine, Generation, GenerationRequest
from finetab.serving import clients as clients_module
from finetab.serving.clients import Clients

MANY_BYTES = 1 << 40


class Counted:
    def __init__(self, closed: list["Counted"], kept_bytes: int = 0) -> None:
        self._closed = closed
        self.kept_bytes = kept_bytes

    def generate(self, request: GenerationRequest) -> Generation:
        return Generation((), "end", 0, 0, 0.0, 0.0, 0.0)

    def close(self) -> None:
        self._closed.append(self)


def use(clients: Clients, name: str, owner: str = "anybody") -> Engine:
    with clients.engine_of((owner, name)) as engine:
        return engine


def test_the_engine_that_rests_longest_goes_and_one_at_work_stays() -> None:
    closed: list[Counted] = []
    clients = Clients(lambda: Counted(closed), 2, MANY_BYTES)
    with clients.engine_of(("anybody", "a")) as first:
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
    clients = Clients(lambda: Counted(closed), 8, MANY_BYTES)
    with clients.engine_of(("anybody", "at work")):
        left = use(clients, "left")
        clients.let_go()
        assert closed == []
        monkeypatch.setattr(clients_module, "REST_SECONDS", 0.0)
        clients.let_go()  # nobody has to ask for that
        assert closed == [left]
        assert len(clients) == 1


def test_who_goes_by_many_names_pushes_out_their_own_not_others() -> None:
    closed: list[Counted] = []
    clients = Clients(lambda: Counted(closed), 4, MANY_BYTES)
    hers = [use(clients, name, "alice") for name in ("one", "two")]
    his = [use(clients, str(number), "bob") for number in range(6)]
    assert closed == his[:4]
    assert [use(clients, name, "alice") for name in ("one", "two")] == hers


def test_what_all_keep_together_has_a_limit_and_whose_is_most_of_it_gives() -> None:
    closed: list[Counted] = []
    sizes = iter((10, 60, 20, 15))
    clients = Clients(lambda: Counted(closed, next(sizes)), 8, most_bytes=100)
    hers, his, more = use(clients, "a", "alice"), use(clients, "b", "bob"), use(clients, "c", "bob")
    assert closed == []
    with clients.engine_of(("carol", "d")) as new:
        assert closed == [his]  # of bob's the one that rests longest, though alice's rests longer
    clients.let_go()
    assert [use(clients, "a", "alice"), use(clients, "c", "bob"), use(clients, "d", "carol")] == [hers, more, new]
