"""The real server process over stdio: every request answered, every edit followed."""

import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT, URI, around, messages, ready, started

from finetab.lsp.client import ServerProcess

UNITS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerProcess]:
    with started() as server:
        yield ready(server)


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


def test_a_request_sees_the_other_open_files_until_they_are_closed() -> None:
    with ready(started("beside")) as server:
        for name in ("one", "two", "three"):
            server.open(f"file:///w/{name}.py", "x = 1\n")
        assert server.complete("file:///w/two.py", 0, 0) == "open: ready.py one.py three.py"
        server.notify("textDocument/didClose", {"textDocument": {"uri": "file:///w/one.py"}})
        assert server.complete("file:///w/two.py", 0, 1) == "open: ready.py three.py"


def test_a_newer_request_supersedes_the_older_one_which_is_answered_null() -> None:
    with ready(started("slow")) as server:
        server.open(URI, "x")
        first = server.complete_request(URI, 0, 0)
        time.sleep(0.2)
        second = server.complete_request(URI, 0, 1)
        assert server.answer(first)["result"] is None
        assert server.answer(second)["result"]["items"]
        assert any("stopped early" in line for line in server.errors)
        assert sorted(record["why"] for record in server.why()[:2]) == ["answered", "superseded"]


def test_a_superseded_request_is_answered_null_though_its_model_finished() -> None:
    with ready(started("deaf")) as server:
        server.open(URI, "x")
        requests = [server.complete_request(URI, 0, 0), server.complete_request(URI, 0, 1)]
        assert [bool(server.answer(request)["result"]) for request in requests] == [False, True]
        assert sorted(record["why"] for record in server.why()[:2]) == ["answered", "superseded"]


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
def test_contexts_of_older_clients_are_taken(context: Any) -> None:
    with ready(started()) as server:
        server.open(URI, "ab")
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}, "context": context}
        assert server.call("textDocument/inlineCompletion", params)["items"]


def test_a_client_that_counts_trigger_kinds_from_0_is_known_by_it() -> None:
    corners = [{"line": 0, "character": 0}, {"line": 0, "character": 1}]
    as_list = {"triggerKind": 1, "selectedCompletionInfo": {"range": corners, "text": "ab"}}
    with ready(started()) as server:
        server.open(URI, "ab")  # the cursor stands before a word, where only who asks by hand is answered
        for context, is_by_hand in (
            ({"triggerKind": 1}, True),
            ({"triggerKind": 0}, True),
            ({"triggerKind": 1}, False),
            ({"triggerKind": 2}, False),
            ({"triggerKind": 1}, True),
            (as_list, False),
            ({"triggerKind": 1}, False),
        ):
            params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}, "context": context}
            assert (server.call("textDocument/inlineCompletion", params) is not None) is is_by_hand


@pytest.mark.parametrize("method", ["initialized", "textDocument/didOpen", "$/cancelRequest", "exit"])
def test_a_notification_sent_as_a_request_is_answered_with_an_error(echo: ServerProcess, method: str) -> None:
    params = {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": ""}, "id": 1}
    assert echo.answer(echo.request(method, params))["error"]["code"] == -32600


def test_an_object_inside_a_message_is_not_taken_for_one(echo: ServerProcess) -> None:
    inside = {"jsonrpc": "2.0", "id": "inside", "method": "textDocument/hover", "type_name": 3}
    request = echo.request("workspace/executeCommand", {"command": "finetab.accepted", "arguments": [inside]})
    assert echo.answer(request)["result"] is None
    assert not any(message.get("id") == "inside" for message in echo.received)


@pytest.mark.parametrize("request_id", [None, [1], {"a": 1}, 1.5])
def test_a_request_whose_id_is_none_is_not_answered_with_it(echo: ServerProcess, request_id: Any) -> None:
    for method in ("checkStatus", "textDocument/hover", "unheard of"):
        echo.send({"id": request_id, "method": method, "params": {}})
    assert around(ready(echo), "file:///ready.py", 0, 0) == ("", "")
    assert not any(message.get("id", 0) == request_id for message in echo.received)


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


def test_a_failing_model_gives_null_and_one_traceback_in_the_log() -> None:
    with started("broken") as server:
        server.open(URI, "x")
        deadline = time.monotonic() + 10
        while not server.why() or "failed" not in server.why()[0]["why"]:
            assert server.complete(URI, 0, 0) is None
            assert time.monotonic() < deadline
        assert not messages(server)
        assert any("the model has a fault" in line for line in server.errors)
