"""The real server process over stdio: every request answered, every edit followed, every end a clean one."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from finetab.lsp.client import ServerProcess

SCRIPT = [sys.executable, str(Path(__file__).with_name("scripted_server.py"))]
URI = "file:///project/a.py"
UNITS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


def started(base: str = "echo", **options: Any) -> ServerProcess:
    server = ServerProcess(SCRIPT)
    server.start(options={"base": base, **options})
    return server


def ready(server: ServerProcess) -> ServerProcess:
    """Wait until the scripted model has been put in force."""
    server.open("file:///ready.py", "")
    deadline = time.monotonic() + 10
    while server.complete("file:///ready.py", 0, 0) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return server


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerProcess]:
    with started() as server:
        yield ready(server)


def around(server: ServerProcess, uri: str, line: int, character: int) -> tuple[str, str]:
    text = server.complete(uri, line, character)
    assert text is not None
    prefix, suffix, _, _ = json.loads(text)
    return prefix, suffix


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


def test_neither_torch_nor_transformers_is_imported_by_the_server_itself(echo: ServerProcess) -> None:
    echo.open(URI, "x = 1\n")
    text = echo.complete(URI, 0, 4)
    assert text is not None
    assert json.loads(text) == ["x = ", "1\n", "base", []]


def test_the_item_carries_its_id_in_the_command(echo: ServerProcess) -> None:
    echo.open(URI, "x = 1\n")
    (item,) = echo.answer(echo.complete_request(URI, 0, 4))["result"]["items"]
    assert item["range"] == {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}}
    assert item["command"]["command"] == "finetab.accepted"
    assert item["command"]["arguments"][0]["id"] == echo.why()[0]["id"]
    accepted = {"command": "finetab.accepted", "arguments": item["command"]["arguments"]}
    assert echo.call("workspace/executeCommand", accepted) is None


def test_a_newer_request_supersedes_the_older_one_which_is_answered_null() -> None:
    with ready(started("slow")) as server:
        server.open(URI, "x")
        first = server.complete_request(URI, 0, 0)
        time.sleep(0.2)
        second = server.complete_request(URI, 0, 1)
        assert server.answer(first)["result"] is None
        assert server.answer(second)["result"]["items"]
        assert any("stopped early" in line for line in server.errors)
        assert [record["why"] for record in server.why()[:2]] == ["answered", "superseded"]


def test_a_cancelled_request_is_answered_so_and_its_work_stops() -> None:
    with ready(started("slow")) as server:
        server.open(URI, "x")
        request = server.complete_request(URI, 0, 0)
        time.sleep(0.2)
        server.notify("$/cancelRequest", {"id": request})
        assert server.answer(request)["error"]["code"] == -32800
        deadline = time.monotonic() + 5
        while not any("stopped early" in line for line in server.errors):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert server.why()[0]["why"] == "cancelled"
        assert not any(message.get("method") == "window/showMessage" for message in server.received)


@pytest.mark.parametrize(
    "params",
    [{}, {"textDocument": {"uri": URI}}, {"textDocument": 3, "position": [], "context": None}, [1, 2],
     {"textDocument": {"uri": URI}, "position": {"line": "x", "character": {}}, "context": {"triggerKind": 1}}],
)  # fmt: skip
def test_bad_parameters_are_answered_with_an_error(echo: ServerProcess, params: Any) -> None:
    answer = echo.answer(echo.request("textDocument/inlineCompletion", params))
    assert answer["error"]["code"] == -32602
    assert around(ready(echo), "file:///ready.py", 0, 0) == ("", "")
    assert not any(message.get("method") == "window/showMessage" for message in echo.received)


@pytest.mark.parametrize(
    "context",
    [{"triggerKind": 0}, {"triggerKind": 7}, {"triggerKind": 1, "selectedCompletionInfo": {"range": [1], "text": "x"}}],
)
def test_contexts_of_older_clients_are_taken(echo: ServerProcess, context: Any) -> None:
    echo.open(URI, "ab")
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}, "context": context}
    assert echo.answer(echo.request("textDocument/inlineCompletion", params))["result"]["items"]


def test_an_unknown_method_is_answered_and_malformed_messages_do_no_harm(echo: ServerProcess) -> None:
    assert echo.answer(echo.request("finetab/unheardOf", {}))["error"]["code"] == -32601
    for body in (b"{", b"[]", b"3", b'"x"', b"null", b'{"jsonrpc": "2.0"}', b"\xff\xfe", b'{"id": 5}'):
        echo.send_bytes(body)
    assert around(ready(echo), "file:///ready.py", 0, 0) == ("", "")


def test_a_document_that_is_not_open_gives_null_with_a_reason(echo: ServerProcess) -> None:
    assert echo.complete("file:///never/opened.py", 3, 4) is None
    assert echo.why()[0]["why"] == "the document is not open"


PIECES = ["x", "é", "𝒳", "\n", "\r\n", "\r", "\x0c", "\u2028", "\x85", "\x0b", "  ", "()"]


def place(text: str, offset: int, encoding: str) -> dict[str, int]:
    """The position of an offset, worked out apart from the server: by LSP's own three line ends."""
    lines = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {
        "line": len(lines) - 1,
        "character": len(lines[-1].encode(f"{encoding}-le" if encoding != "utf-8" else encoding)) // UNITS[encoding],
    }


@pytest.mark.parametrize("encoding", UNITS)
def test_random_edits_leave_the_server_s_text_equal_to_the_client_s(encoding: str) -> None:
    generator = Random(encoding)
    text = "".join(generator.choices(PIECES, k=40))
    with ServerProcess(SCRIPT) as server:
        result = server.start(options={"base": "echo"}, capabilities={"general": {"positionEncodings": [encoding]}})
        assert result["capabilities"]["positionEncoding"] == encoding
        ready(server).open(URI, text)
        for version in range(2, 200):
            # An offset inside \r\n has no position of its own.
            borders = [o for o in range(len(text) + 1) if text[max(0, o - 1) : o + 1] != "\r\n"]
            start, end = sorted(generator.choices(borders, k=2))
            end = end if end - start < 6 else start
            new = "".join(generator.choices(PIECES, k=generator.randrange(4)))
            span = {"start": place(text, start, encoding), "end": place(text, end, encoding)}
            change = {"range": span, "text": new}
            server.notify(
                "textDocument/didChange",
                {"textDocument": {"uri": URI, "version": version}, "contentChanges": [change]},
            )
            text = text[:start] + new + text[end:]
            if version % 20 == 0:
                prefix, suffix = around(server, URI, 0, 0)
                assert prefix + suffix == text
        borders = [o for o in range(len(text) + 1) if text[max(0, o - 1) : o + 1] != "\r\n"]
        offset = generator.choice(borders)
        where = place(text, offset, encoding)
        assert around(server, URI, where["line"], where["character"]) == (text[:offset], text[offset:])


def test_positions_past_the_end_are_the_end(echo: ServerProcess) -> None:
    echo.open(URI, "ab\ncd")
    assert around(echo, URI, 0, 99) == ("ab", "\ncd")
    assert around(echo, URI, 99, 0) == ("ab\ncd", "")


def test_a_change_without_a_range_replaces_the_text(echo: ServerProcess) -> None:
    echo.open(URI, "old")
    changes = [
        {"text": "one\ntwo"},
        {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 3}}, "text": "2"},
    ]
    echo.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": changes})
    assert around(echo, URI, 0, 0) == ("", "one\n2")


def test_two_hundred_requests_in_a_row_are_all_answered(echo: ServerProcess) -> None:
    generator = Random(0)
    uris = [f"file:///project/{index}.py" for index in range(5)]
    for uri in uris:
        echo.open(uri, "some text\n" * 5)
    requests = []
    for _ in range(200):
        requests.append(echo.complete_request(generator.choice(uris), generator.randrange(7), generator.randrange(12)))
        if generator.random() < 0.2:
            echo.notify("$/cancelRequest", {"id": generator.choice(requests)})
    answers = [echo.answer(request) for request in requests]
    assert all("result" in answer or answer["error"]["code"] == -32800 for answer in answers)
    assert sum(bool(answer.get("result")) for answer in answers) > 0


def messages(server: ServerProcess) -> list[str]:
    return [
        message["params"]["message"] for message in server.received if message.get("method") == "window/showMessage"
    ]


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


def test_a_failing_model_gives_null_and_one_traceback_in_the_log() -> None:
    with started("broken") as server:
        server.open(URI, "x")
        deadline = time.monotonic() + 10
        while not server.why() or "failed" not in server.why()[0]["why"]:
            assert server.complete(URI, 0, 0) is None
            assert time.monotonic() < deadline
        assert not messages(server)
        assert any("the model has a fault" in line for line in server.errors)


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
