"""The real server process from start to end: settings, loading, swapping, and leaving nothing behind."""

import json
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT, URI, messages, ready, started
from tests.server.adapters.test_library import put
from tests.server.core.test_manifest import MANIFEST

from finetab.adapters.listing import library_folder
from finetab.lsp.client import ServerProcess


def test_initialize_is_answered_before_the_model_is_loaded() -> None:
    with ServerProcess(SCRIPT) as server:
        result = server.start(options={"base": "late"})
        assert result["serverInfo"]["name"] == "finetab"
        provider = result["capabilities"]["inlineCompletionProvider"]
        assert provider == {"workDoneProgress": True}
        assert result["capabilities"]["textDocumentSync"]["change"] == 2
        server.open(URI, "x")
        assert server.complete(URI, 0, 0) is None
        assert server.why()[0]["why"] == "the model is loading"
        ready(server)


def test_settings_faults_are_told_once_and_the_model_is_loaded_anew_for_new_ones() -> None:
    with ready(started("echo", adaptor="x")) as server:
        assert messages(server) == ['Unknown setting "adaptor"; did you mean "adapter"?']
        server.open(URI, "x")
        for settings in ({"finetab": {"adapter": "mine", "adaptor": "y"}}, {"adapter": "mine"}):
            server.notify("workspace/didChangeConfiguration", {"settings": settings})
        deadline = time.monotonic() + 10
        while json.loads(server.complete(URI, 0, 0) or "[0,0,0]")[2] != "mine":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(messages(server)) == 1
        assert sum("loading echo" in line for line in server.errors) == 2


def test_settings_of_the_workspace_s_file_are_used_and_the_editor_s_go_before_them(tmp_path: Path) -> None:
    (tmp_path / "finetab.toml").write_text('base = "missing"\nadapter = "from-file"\nfrom = "x"\n')
    with ServerProcess(SCRIPT) as server:
        server.start(root_uri=tmp_path.as_uri(), options={"base": "echo"})
        ready(server).open(URI, "x")
        assert json.loads(server.complete(URI, 0, 0) or "")[2] == "from-file"
        assert any('Unknown setting "from"' in message for message in messages(server))


def test_a_client_that_can_be_asked_is_asked_for_its_settings() -> None:
    with ServerProcess(SCRIPT, settings={"adapter": "pulled"}) as server:
        server.start(options={"base": "echo"}, capabilities={"workspace": {"configuration": True}})
        ready(server).open(URI, "x")
        assert json.loads(server.complete(URI, 0, 0) or "")[2] == "pulled"


def test_a_folder_s_name_may_hold_characters_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    folder = tmp_path / "c# 100%?"
    folder.mkdir()
    (folder / "finetab.toml").write_text('adapter = "from-file"\n')
    with ServerProcess(SCRIPT) as server:
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        server.call(
            "initialize",
            {"processId": None, "rootUri": None, "capabilities": {}, "workspaceFolders": folders,
             "initializationOptions": {"base": "echo"}},
        )  # fmt: skip
        server.notify("initialized", {})
        ready(server).open(URI, "x")
        assert json.loads(server.complete(URI, 0, 0) or "")[2] == "from-file"


def test_a_folder_that_cannot_be_read_is_told_and_the_server_lives() -> None:
    with ServerProcess(SCRIPT) as server:
        server.start(root_uri=f"file:///{'a' * 300}", options={"base": "echo"})
        ready(server)
        assert "cannot be read" in messages(server)[0]


def test_the_adapters_of_the_library_and_of_the_workspace_are_listed_newest_first(home: Path) -> None:
    workspace = home / "workspace"
    shop = replace(MANIFEST, name="shop", version="1", created="2026-01-01T00:00:00+00:00")
    put(library_folder() / "shop", shop)
    put(workspace / ".finetab" / "adapters" / "2", replace(shop, version="2", created="2026-02-01T00:00:00+00:00"))
    (put(workspace / ".finetab" / "adapters" / "damaged") / "manifest.json").write_text("{")
    with ServerProcess(SCRIPT) as server:
        server.start(root_uri=workspace.as_uri(), options={"base": "echo", "adapter": "shop@2"})
        ready(server)
        found = server.call("workspace/executeCommand", {"command": "finetab.adapters", "arguments": []})
    assert found == [
        {
            "name": "shop",
            "version": "2",
            "created": "2026-02-01T00:00:00+00:00",
            "base": shop.base_name,
            "in_force": True,
        },
        {"name": "shop", "version": "1", "created": shop.created, "base": shop.base_name, "in_force": False},
    ]


def test_a_client_that_sends_no_settings_with_its_change_is_asked_again() -> None:
    with ServerProcess(SCRIPT, settings={"adapter": "one"}) as server:
        server.start(options={"base": "echo"}, capabilities={"workspace": {"configuration": True}})
        ready(server).open(URI, "x")
        server.settings = {"adapter": "two"}
        server.notify("workspace/didChangeConfiguration", {"settings": None})
        deadline = time.monotonic() + 10
        while json.loads(server.complete(URI, 0, 0) or "[0,0,0]")[2] != "two":
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_settings_that_are_both_pulled_and_pushed_load_the_model_once() -> None:
    with ServerProcess(SCRIPT, settings={"adapter": "mine"}) as server:
        server.start(options={"base": "late"}, capabilities={"workspace": {"configuration": True}})
        server.notify("workspace/didChangeConfiguration", {"settings": {"finetab": {"adapter": "mine"}}})
        ready(server)
        assert server.stop() == 0
        assert sum("loading late" in line for line in server.errors) == 1


@pytest.mark.parametrize(
    "capabilities", [{"workspace": {"configuration": True}}, {"window": {"workDoneProgress": True}}]
)
def test_a_client_that_answers_nothing_gets_its_model_all_the_same(capabilities: Any) -> None:
    with ServerProcess(SCRIPT, answers=False) as server:
        server.start(options={"base": "echo"}, capabilities=capabilities)
        ready(server)


def test_what_libraries_print_and_read_does_not_touch_the_protocol() -> None:
    with ready(started("loud")) as server:
        assert server.stop() == 0
        assert server.stray == []
        log = "".join(server.errors)
        assert all(words in log for words in ("stray from Python", "stray from C", "read ''"))


@pytest.mark.parametrize(
    ("base", "words"), [("missing", "run: finetab models fetch missing"), ("bug", "could not be loaded")]
)
def test_a_model_that_cannot_be_loaded_is_told_once_and_requests_are_answered_null(base: str, words: str) -> None:
    with started(base) as server:
        server.wait_for(lambda message: message.get("method") == "window/showMessage")
        server.open(URI, "x")
        assert server.complete(URI, 0, 0) is None
        assert words in messages(server)[0]
        assert words in server.why()[0]["why"]
        assert len(messages(server)) == 1
        server.notify("workspace/didChangeConfiguration", {"settings": {"base": "echo"}})
        ready(server)


def test_loading_is_shown_as_progress_where_the_client_can_show_it() -> None:
    with ServerProcess(SCRIPT) as server:
        server.start(options={"base": "echo"}, capabilities={"window": {"workDoneProgress": True}})
        server.wait_for(lambda message: message.get("params", {}).get("value", {}).get("kind") == "end")
        kinds = [m["params"]["value"]["kind"] for m in server.received if m.get("method") == "$/progress"]
        assert kinds == ["begin", "report", "end"]


def test_cancelling_while_the_client_is_being_asked_raises_no_toast() -> None:
    # pygls 2.1 (its issue 621) raises in the loop when a handler that waits for the client is cancelled.
    with ServerProcess(SCRIPT) as server:
        capabilities = {"workspace": {"configuration": True}, "window": {"workDoneProgress": True}}
        server.start(options={"base": "late"}, capabilities=capabilities)
        server.open(URI, "x")
        for _ in range(10):
            server.notify("$/cancelRequest", {"id": server.complete_request(URI, 0, 0)})
        ready(server)
        assert not messages(server)


@pytest.mark.parametrize(("says_goodbye", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_shutdown_came_first(says_goodbye: bool, code: int) -> None:
    with ready(started()) as server:
        if says_goodbye:
            server.answer(server.request("shutdown", None))
        server.notify("exit", None)
        assert server.process.wait(10) == code


@pytest.mark.parametrize("base", ["slow", "stuck"])
def test_an_editor_that_goes_away_leaves_no_process_behind(base: str) -> None:
    with started(base) as server:
        server.open(URI, "x")
        server.complete_request(URI, 0, 0)
        time.sleep(0.2)
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(10) == 1


def test_a_request_after_shutdown_is_refused_and_not_left_waiting() -> None:
    with ready(started()) as server:
        server.answer(server.request("shutdown", None))
        assert server.answer(server.complete_request(URI, 0, 0))["error"]["code"] == -32600
        server.notify("exit", None)
        assert server.process.wait(10) == 0


def test_ctrl_c_in_a_terminal_ends_the_server() -> None:
    with ready(started()) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == -signal.SIGINT
