"""What is told of loading, where several models load or none is wanted any more."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.server.lsp.test_loading import Scripted

from finetab.core.progress import silent
from finetab.lsp.status import Status


def told(steps: Callable[[Status], None]) -> list[dict[str, Any]]:
    """What a client that asks for it is told, at each step."""
    sent: list[dict[str, Any]] = []

    async def run() -> None:
        status = Status(sent.append)
        status.heed({"status": True})
        steps(status)
        await asyncio.sleep(0)

    asyncio.run(run())
    return sent


def test_a_load_that_nobody_wants_any_more_leaves_what_was_before() -> None:
    def steps(status: Status) -> None:
        status.loading(silent)
        status.loaded(Scripted("one"), "")
        status.loading(silent)
        status.loaded(None, "")
        status.asked("the engine is away")

    assert [message["kind"] for message in told(steps)] == ["Inactive", "Normal", "Inactive", "Normal", "Warning"]


def test_of_several_folders_the_one_that_is_worst_off_is_told() -> None:
    def steps(status: Status) -> None:
        for _ in range(2):
            status.loading(silent)
        status.loaded(None, "the adapter is damaged", "a")
        status.loaded(Scripted("one"), "", "b")
        status.asked("the engine is away", "b")
        status.keep({"b"})
        status.asked("", "b")

    messages = told(steps)
    assert [message["kind"] for message in messages] == ["Inactive", "Error", "Normal"]
    assert messages[1]["message"] == "the adapter is damaged"


def test_while_another_one_loads_the_end_of_one_that_is_not_wanted_is_not_told() -> None:
    def steps(status: Status) -> None:
        status.loading(silent)
        status.loading(silent)("half of it", 0.5)
        status.loaded(None, "")

    assert [message.get("percentage") for message in told(steps)] == [0, 50]


def test_the_first_load_given_up_is_no_load_for_ever() -> None:
    def steps(status: Status) -> None:
        status.loading(silent)
        status.loaded(None, "")

    assert told(steps)[-1] == {"busy": False, "kind": "Inactive", "message": "no model is loaded"}
