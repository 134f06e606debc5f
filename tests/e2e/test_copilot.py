"""Plugins that speak Copilot's old protocol, over the wire."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT, URI, messages, ready, started

from finetab.lsp.client import ServerProcess


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerProcess]:
    with started() as server:
        yield ready(server)


def doc(line: int, character: int, uri: str = URI) -> dict[str, Any]:
    return {"doc": {"uri": uri, "version": 3, "position": {"line": line, "character": character}, "tabSize": 4}}


def test_a_plugin_is_told_that_somebody_is_signed_in(echo: ServerProcess) -> None:
    info = {"editorInfo": {"name": "x", "version": "1"}, "editorPluginInfo": {"name": "y", "version": "2"}}
    assert echo.call("setEditorInfo", info) == "OK"
    assert echo.call("checkStatus", {"options": {"localChecksOnly": True}})["status"] == "OK"
    assert echo.call("checkStatus", {})["user"]
    assert echo.call("signInInitiate", {})["status"] == "AlreadySignedIn"
    assert echo.call("signInConfirm", {"userCode": "x"})["status"] == "OK"
    assert echo.call("getVersion", {})["version"]


def test_a_plugin_s_settings_for_copilot_are_no_faults_and_it_gets_no_menu() -> None:
    info = {"editorInfo": {"name": "x", "version": "1"}, "editorPluginInfo": {"name": "y", "version": "2"}}
    with ServerProcess(SCRIPT) as server:
        result = server.start(options={**info, "finetab": {"base": "echo"}})
        assert "completionProvider" not in result["capabilities"]
        settings = {"github": {"copilot": {}}, "http": {}, "finetab": {"adapter": "mine"}}
        server.notify("workspace/didChangeConfiguration", {"settings": settings})
        ready(server).open(URI, "x")
        deadline = time.monotonic() + 10
        while json.loads(server.complete(URI, 0, 0) or "[0,0,0]")[2] != "mine":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not messages(server)


def test_a_request_without_parameters_is_answered(echo: ServerProcess) -> None:
    echo.send({"id": "no params", "method": "checkStatus"})
    assert echo.wait_for(lambda message: message.get("id") == "no params")["result"]["status"] == "OK"


@pytest.mark.parametrize("method", ["getCompletions", "getCompletionsCycling"])
def test_a_completion_replaces_its_line_up_to_the_cursor(echo: ServerProcess, method: str) -> None:
    echo.open(URI, "a\n𝒳 = ret\n")
    (item,) = echo.call(method, doc(1, 8))["completions"]
    assert item["text"] == "𝒳 = ret" + item["displayText"]
    assert item["range"] == {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 8}}
    assert (item["position"], item["docVersion"]) == ({"line": 1, "character": 8}, 3)
    assert json.loads(item["displayText"])[:2] == ["a\n𝒳 = ret", "\n"]
    assert item["uuid"] == echo.why()[0]["id"]
    assert echo.call("notifyShown", {"uuid": item["uuid"]}) == "OK"
    assert echo.call("notifyAccepted", {"uuid": item["uuid"], "acceptedLength": 9}) == "OK"
    assert echo.call("notifyRejected", {"uuids": [item["uuid"]]}) == "OK"


def test_several_lines_in_a_file_with_carriage_returns_come_without_them() -> None:
    with ready(started("lines")) as server:
        server.open(URI, "def f():\r\n    \r\n")
        (item,) = server.call("getCompletions", doc(1, 4))["completions"]
        assert "\n" in item["text"]
        assert "\r" not in item["text"] + item["displayText"]


def test_who_asks_for_another_one_is_given_every_candidate() -> None:
    with ready(started("lines")) as server:
        server.open(URI, "x = ")
        assert len(server.call("getCompletions", doc(0, 4))["completions"]) == 1
        first, second = server.call("getCompletionsCycling", doc(0, 4))["completions"]
        assert first["text"].startswith("x = return")
        assert second["text"] == "x = pass"


def test_nothing_to_offer_is_an_empty_list(echo: ServerProcess) -> None:
    assert echo.call("getCompletions", doc(0, 0, "file:///never/opened.py")) == {"completions": []}


@pytest.mark.parametrize("params", [None, {}, [], {"doc": {"uri": URI}}, {"doc": {"uri": 3, "position": {}}},
                                    {"doc": {"uri": URI, "position": {"line": -1, "character": "x"}}}])  # fmt: skip
def test_bad_parameters_are_answered_with_an_error(echo: ServerProcess, params: Any) -> None:
    assert echo.answer(echo.request("getCompletions", params))["error"]["code"] == -32602


def test_a_newer_request_of_another_kind_supersedes() -> None:
    with ready(started("slow")) as server:
        server.open(URI, "x")
        old = server.request("getCompletions", doc(0, 1))
        new = server.complete_request(URI, 0, 1)
        assert server.answer(old)["result"] == {"completions": []}
        assert server.answer(new)["result"]["items"]
