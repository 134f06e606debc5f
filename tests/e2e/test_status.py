"""`didChangeStatus` of the real server process: in Copilot's shape, and only to who asks for it."""

import time
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT, URI, messages, ready

from finetab.lsp.client import ServerProcess

EDITOR = {"editorInfo": {"name": "editor", "version": "1"}, "editorPluginInfo": {"name": "plugin", "version": "1"}}


def launched(options: dict[str, Any]) -> ServerProcess:
    server = ServerProcess(SCRIPT)
    server.start(options=options)
    return server


def statuses(server: ServerProcess) -> list[dict[str, Any]]:
    return [message["params"] for message in server.received if message.get("method") == "didChangeStatus"]


def at_rest(server: ServerProcess, kind: str) -> dict[str, Any]:
    """The first status of a kind in which nothing is going on."""
    message = server.wait_for(
        lambda message: (
            message.get("method") == "didChangeStatus"
            and (message["params"]["kind"], message["params"]["busy"]) == (kind, False)
        )
    )
    return dict(message["params"])


@pytest.mark.parametrize(
    "options",
    [{"base": "echo", "status": True}, {"finetab": {"base": "echo", "status": True}},
     {"finetab": {"base": "echo"}, "status": True}, {"finetab": {"base": "echo"}, **EDITOR}],
)  # fmt: skip
def test_loading_and_readiness_are_told_to_who_asks(options: dict[str, Any]) -> None:
    with launched(options) as server:
        ready_status = at_rest(server, "Normal")
        assert ready_status == {"busy": False, "kind": "Normal", "message": "echo", "base": "echo", "adapter": "base"}
        assert statuses(server)[:2] == [
            {"busy": True, "kind": "Inactive", "message": "loading the model", "percentage": 0},
            {"busy": True, "kind": "Inactive", "message": "half way", "percentage": 50},
        ]
        assert messages(server) == []


@pytest.mark.parametrize("options", [{"base": "slow"}, {"finetab": {"base": "slow", "status": False}}])
def test_others_are_told_nothing(options: dict[str, Any]) -> None:
    with ready(launched(options)) as server:
        assert statuses(server) == []
        assert messages(server) == []


def test_what_cannot_be_loaded_is_an_error_that_says_what_to_do_and_a_warning_while_another_model_answers() -> None:
    with launched({"base": "missing", "status": True}) as server:
        assert "run: finetab models fetch missing" in at_rest(server, "Error")["message"]
        server.notify("workspace/didChangeConfiguration", {"settings": {"base": "echo"}})
        at_rest(server, "Normal")
        server.notify("workspace/didChangeConfiguration", {"settings": {"base": "missing"}})
        warning = at_rest(server, "Warning")
        assert (warning["base"], "run: finetab models fetch" in warning["message"]) == ("echo", True)


def test_a_completion_that_takes_its_time_is_told_once_however_many_there_are() -> None:
    with ready(launched({"base": "slow", "status": True})) as server:
        before = len(statuses(server))
        server.open(URI, "x")
        requests = []
        for _ in range(3):
            requests.append(server.complete_request(URI, 0, 1))
            time.sleep(0.2)
        for request in requests:
            server.answer(request)
        assert server.answer(requests[-1])["result"]
        deadline = time.monotonic() + 5
        while statuses(server)[-1]["busy"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [(status["busy"], status["kind"]) for status in statuses(server)[before:]] == [
            (True, "Normal"), (False, "Normal")
        ]  # fmt: skip


def test_an_answer_that_is_there_at_once_makes_no_light_flicker() -> None:
    with ready(launched({"base": "echo", "status": True})) as server:
        at_rest(server, "Normal")
        before = len(statuses(server))
        for _ in range(20):
            server.complete("file:///ready.py", 0, 0)
        server.why()
        assert len(statuses(server)) - before <= 2
