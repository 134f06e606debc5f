"""The model in force: one load at a time, the newest wish wins, and what is not wanted is closed."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

import pytest

from finetab.completion.request import Answer, CompletionRequest
from finetab.core.progress import Progress, silent
from finetab.errors import MissingWeights
from finetab.lsp.loading import ServiceHolder
from finetab.settings import Settings

A, B, C = (Settings(adapter=name) for name in "abc")
PATIENCE_SECONDS = 10.0


class Scripted:
    """A service that says whether it was closed."""

    def __init__(self, label: str) -> None:
        self.label = self.base = self.adapter = label
        self.closed = threading.Event()

    def complete(self, request: CompletionRequest) -> Answer:
        raise NotImplementedError

    def recall(self, request: CompletionRequest) -> Answer | None:
        raise NotImplementedError

    def take_over(self, request: CompletionRequest) -> Future[None] | None:
        raise NotImplementedError

    def look_ahead(self, request: CompletionRequest, answer: Answer) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.closed.set()


class Loader:
    """Loads when let; records what was begun, and how many loads ran at once."""

    def __init__(self, is_open: bool = True) -> None:
        self.begun: list[str] = []
        self.made: dict[str, Scripted] = {}
        self.most_at_once = 0
        self.gate = threading.Event()
        self._running = 0
        if is_open:
            self.gate.set()

    def __call__(self, settings: Settings, progress: Progress) -> Scripted:
        self.begun.append(settings.adapter)
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        assert self.gate.wait(PATIENCE_SECONDS)
        self._running -= 1
        if settings == C:
            raise MissingWeights("The weights of c are not here.")
        return self.made.setdefault(settings.adapter, Scripted(settings.adapter))


def follow(holder: ServiceHolder, settings: Settings) -> Awaitable[str]:
    assert holder.want(settings)
    return asyncio.ensure_future(holder.load(settings, silent))


async def begun(loader: Loader, count: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(loader.begun) < count:
            await asyncio.sleep(0.005)


def run(story: Callable[[ServiceHolder, Loader], Awaitable[None]], is_open: bool = True) -> Loader:
    loader = Loader(is_open)

    async def told() -> None:
        await story(ServiceHolder(loader), loader)

    asyncio.run(told())
    return loader


def test_a_new_wish_is_swapped_in_and_the_old_service_closed() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        assert await follow(holder, A) == ""
        assert await follow(holder, B) == ""
        assert holder.service is loader.made["b"]

    assert run(story).made["a"].closed.wait(PATIENCE_SECONDS)


def test_the_same_wish_again_is_no_news() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        await follow(holder, A)
        assert not holder.want(Settings(adapter="a"))

    assert run(story).begun == ["a"]


def test_of_wishes_that_come_while_one_loads_only_the_last_is_loaded() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        loads = [follow(holder, A)]
        await begun(loader, 1)
        loads += [follow(holder, wish) for wish in (C, Settings(adapter="d"), B)]
        loader.gate.set()
        assert await asyncio.gather(*loads) == ["", "", "", ""]
        assert holder.service is loader.made["b"]

    loader = run(story, is_open=False)
    assert loader.begun == ["a", "b"]
    assert loader.most_at_once == 1
    assert loader.made["a"].closed.wait(PATIENCE_SECONDS)


def test_going_back_to_what_is_loading_loads_it_once() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        loads = [follow(holder, A)]
        await begun(loader, 1)
        loads += [follow(holder, B), follow(holder, A)]
        loader.gate.set()
        await asyncio.gather(*loads)
        assert holder.service is loader.made["a"]
        assert not loader.made["a"].closed.is_set()

    assert run(story, is_open=False).begun == ["a"]


def test_a_failed_wish_leaves_the_old_service_in_force() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        await follow(holder, A)
        assert await follow(holder, C) == "The weights of c are not here."
        assert holder.service is loader.made["a"]

    assert not run(story).made["a"].closed.is_set()


def test_a_first_load_that_fails_says_why() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        await follow(holder, C)
        assert holder.service is None
        assert holder.why_not == "The weights of c are not here."
        await follow(holder, A)
        assert holder.service is loader.made["a"]

    assert run(story).begun == ["c", "a"]


@pytest.mark.parametrize("is_open", [True, False])
def test_closing_closes_what_is_in_force_and_what_is_still_loading(is_open: bool) -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        load = follow(holder, A)
        if is_open:
            await load
        else:
            await begun(loader, 1)
        holder.close()
        loader.gate.set()
        await load
        assert holder.service is None
        assert not holder.want(B)

    assert run(story, is_open).made["a"].closed.wait(PATIENCE_SECONDS)


def test_a_service_swapped_out_is_closed_when_the_last_of_its_work_has_ended() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        await follow(holder, A)
        old = loader.made["a"]
        with holder.lease() as service:
            outlives_its_request = holder.lease(service)
            await follow(holder, B)
            outlives_its_request.__enter__()
        assert not old.closed.is_set()
        outlives_its_request.__exit__(None, None, None)
        assert old.closed.wait(PATIENCE_SECONDS)

    assert not run(story).made["b"].closed.is_set()


def test_who_is_leased_is_closed_when_the_lease_ends_and_then_forgotten() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        await follow(holder, A)
        with holder.lease() as service:
            await follow(holder, B)
            assert service is loader.made["a"]
            assert not loader.made["a"].closed.wait(0.1)
        assert loader.made["a"].closed.wait(PATIENCE_SECONDS)
        gone = weakref.ref(loader.made.pop("a"))
        del service
        gc.collect()
        assert gone() is None
        assert holder.service is loader.made["b"]

    run(story)


def test_what_could_not_be_had_is_news_when_it_is_asked_for_again() -> None:
    async def story(holder: ServiceHolder, loader: Loader) -> None:
        assert await follow(holder, A) == ""
        assert "not here" in await follow(holder, C)
        assert not holder.want(C)
        holder.give_up(C)
        assert not holder.want(A)  # which is in force
        assert holder.want(C)
        holder.give_up(B)  # which nobody wants
        assert not holder.want(C)

    run(story)
