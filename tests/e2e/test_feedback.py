"""The real server process and its statistics: what an editor tells, what it does not, and a disk that is against us."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scripted_client import URI, messages, ready, started

from finetab.lsp.client import ServerProcess
from finetab.stats.database import connect, database_path, read_rows

LOG_LINE = "completions go on without them"
SECONDS_TO_READ = 0.85  # more than it takes to count as shown


def watched(text: str = "x = \n") -> ServerProcess:
    """A server with a document open, whose statistics begin now: what was asked to see it ready is not in them."""
    server = ready(started("echo", statistics=False))
    server.notify("workspace/didChangeConfiguration", {"settings": {"statistics": True}})
    server.open(URI, text)
    return server


@pytest.fixture
def server(home: Path) -> Iterator[ServerProcess]:
    with watched() as server:
        yield server


def item(server: ServerProcess, character: int = 4) -> dict[str, Any]:
    """The item that is offered at the end of the first line."""
    (found,) = server.answer(server.complete_request(URI, 0, character))["result"]["items"]
    return dict(found)


def type_in(server: ServerProcess, character: int, text: str) -> None:
    place = {"line": 0, "character": character}
    change = {"range": {"start": place, "end": place}, "text": text}
    document = {"uri": URI, "version": 2}
    server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})


def accept(server: ServerProcess, offered: dict[str, Any]) -> None:
    type_in(server, 4, offered["insertText"])
    command = offered["command"]
    server.call("workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]})


def stats(server: ServerProcess, *arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = server.call(
        "workspace/executeCommand", {"command": "finetab.stats", "arguments": list(arguments)}
    )
    return found


def test_an_accepted_offer_counts_and_the_command_line_says_the_same(server: ServerProcess) -> None:
    offered = item(server)
    accept(server, offered)
    found = stats(server)
    assert (found["shown"], found["accepted"]) == (1, 1)
    assert server.call("workspace/executeCommand", {"command": "finetab.counts"}) == {"shown": 1, "accepted": 1}
    assert found["characters_accepted"] == len(offered["insertText"])
    assert found["languages"]["python"]["accepted"] == 1
    assert found["adapters"]["echo · base"]["accepted"] == 1
    assert found["latency_ms"]["total"]["n"] == found["answers"]
    assert server.stop() == 0
    command = [sys.executable, "-m", "finetab", "stats"]
    printed = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(printed.stdout) == found
    table = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"})
    assert max(map(len, table.stdout.splitlines())) <= 80
    assert "100% (21-100)" in table.stdout


def test_an_offer_that_goes_on_from_a_menu_s_entry_counts_what_is_put_in(home: Path) -> None:
    with watched("a.app") as server:
        over = {"start": {"line": 0, "character": 2}, "end": {"line": 0, "character": 5}}
        context = {"triggerKind": 2, "selectedCompletionInfo": {"range": over, "text": "append"}}
        place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
        (offered,) = server.call("textDocument/inlineCompletion", {**place, "context": context})["items"]
        change = {"range": over, "text": offered["insertText"]}
        document = {"uri": URI, "version": 2}
        server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        command = offered["command"]
        server.call("workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]})
        found = stats(server)
    assert (found["shown"], found["accepted"]) == (1, 1)
    assert found["characters_accepted"] == len(offered["insertText"]) - len("app")


def test_no_text_of_the_document_is_on_the_disk(home: Path) -> None:
    with watched("x = 'a_very_private_word'\n") as server:
        accept(server, item(server))
        assert stats(server)["accepted"] == 1
        server.stop()
    found = [path for path in (home / "data").rglob("*") if path.is_file()]
    assert found
    assert not any(b"private" in path.read_bytes() or b"project" in path.read_bytes() for path in found)


def test_an_offer_taken_in_part_counts_its_first_characters(server: ServerProcess) -> None:
    offered = item(server)
    only_command = {"command": offered["command"]}
    server.notify("textDocument/didPartiallyAcceptCompletion", {"item": only_command, "acceptedLength": 3})
    found = stats(server)
    assert (found["shown"], found["accepted"], found["partly_accepted"]) == (1, 0, 1)
    assert found["characters_accepted"] == 3


def test_an_offer_that_is_shown_and_rejected_counts_as_such(server: ServerProcess) -> None:
    for seconds in (0.0, SECONDS_TO_READ):
        offered = item(server)
        server.notify("textDocument/didShowCompletion", {"item": offered})
        time.sleep(seconds)
        server.notify("finetab/didRejectCompletion", {"item": offered})
    found = stats(server)
    assert (found["shown"], found["rejected"], found["accepted"]) == (1, 1, 0)


def test_for_an_editor_that_tells_nothing_the_server_keeps_the_time(server: ServerProcess) -> None:
    item(server)
    type_in(server, 0, "#")
    item(server, 5)
    time.sleep(SECONDS_TO_READ)
    type_in(server, 0, "#")
    found = stats(server)
    assert (found["shown"], found["passed_over"]) == (1, 1)


def test_an_offer_typed_by_hand_is_counted_apart(server: ServerProcess) -> None:
    text = item(server)["insertText"]
    time.sleep(SECONDS_TO_READ)
    for index, letter in enumerate(text):
        type_in(server, 4 + index, letter)
    found = stats(server)
    assert (found["shown"], found["accepted"], found["typed"]) == (1, 0, 1)


def test_looking_at_another_document_takes_the_offer_off_the_screen(server: ServerProcess) -> None:
    item(server)
    server.notify("textDocument/didFocus", {"textDocument": {"uri": "file:///other.py"}})
    time.sleep(SECONDS_TO_READ)
    assert stats(server)["shown"] == 0


@pytest.mark.parametrize("ends", ["shutdown", "end of the pipe"])
def test_what_is_on_screen_at_the_end_is_kept(home: Path, ends: str) -> None:
    with watched() as server:
        item(server)
        time.sleep(SECONDS_TO_READ)
        if ends == "shutdown":
            assert server.stop() == 0
        else:
            assert server.process.stdin is not None
            server.process.stdin.close()
            assert server.process.wait(10) == 1
    assert sum(fate.shown or 0 for _, fate in read_rows(database_path())) == 1


UNKNOWN = {"command": {"arguments": [{"id": "unknown"}]}}
NOT_UNDERSTOOD: list[Any] = [
    None, 3, [], {}, {"item": 3}, {"item": {}}, {"item": {"command": []}}, {"item": {"command": {"arguments": 5}}},
    {"item": {"command": {"arguments": [{"id": {"x": 1}}]}}}, {"item": UNKNOWN}, {"item": UNKNOWN, "acceptedLength": 3},
    {"item": UNKNOWN, "acceptedLength": "x"}, {"textDocument": {"uri": 3}}, {"type_name": 3, "class": 1, "_0": {}},
]  # fmt: skip


def test_what_cannot_be_understood_does_no_harm(server: ServerProcess) -> None:
    for params in NOT_UNDERSTOOD:
        for method in (
            "textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion", "textDocument/didFocus",
            "finetab/didRejectCompletion",
        ):  # fmt: skip
            server.notify(method, params)
        for arguments in ([], [params], [params, params]):
            command = {"command": "finetab.accepted", "arguments": arguments}
            assert server.call("workspace/executeCommand", command) is None
        assert stats(server, params, params)["answers"] == 0
    assert item(server)["insertText"]
    assert messages(server) == []
    assert "Traceback" not in "".join(server.errors)


def test_statistics_that_are_switched_off_leave_nothing_behind(home: Path) -> None:
    with ready(started("echo", statistics=False)) as server:
        server.open(URI, "x = \n")
        accept(server, item(server))
        assert stats(server)["answers"] == 0
        assert server.stop() == 0
    assert not database_path().exists()


def test_switching_them_off_loads_no_model_again(server: ServerProcess) -> None:
    before = stats(server)["answers"]
    server.notify("workspace/didChangeConfiguration", {"settings": {"finetab": {"statistics": False}}})
    accept(server, item(server))
    assert stats(server)["answers"] == before
    assert sum("loading echo" in line for line in server.errors) == 1


def test_a_locked_database_costs_completions_nothing(home: Path) -> None:
    with closing(connect(database_path())) as other, watched() as server:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            accept(server, item(server))
        deadline = time.monotonic() + 20
        while not any(LOG_LINE in line for line in server.errors):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert stats(server)["accepted"] == 0
        other.execute("ROLLBACK")
        assert item(server)["insertText"]
        assert stats(server)["accepted"] == 3
        assert server.stop() == 0
    assert sum(LOG_LINE in line for line in server.errors) == 1
    assert messages(server) == []


def test_a_damaged_database_is_set_aside_and_a_new_one_begun(home: Path) -> None:
    database_path().parent.mkdir(parents=True)
    database_path().write_bytes(b"damaged" * 1_000)
    with watched() as server:
        accept(server, item(server))
        assert stats(server)["accepted"] == 1
        assert server.stop() == 0
    (aside,) = database_path().parent.glob("*.damaged-*")
    assert aside.read_bytes() == b"damaged" * 1_000
    assert sum("damaged" in line for line in server.errors) == 1
    assert messages(server) == []


def test_two_windows_at_once_are_both_counted(home: Path) -> None:
    with watched() as one, watched() as two:
        for server in (one, two, one, two):
            accept(server, item(server))
        for server in (one, two):
            stats(server)
        assert stats(one)["accepted"] == stats(two)["accepted"] == 4
    with closing(sqlite3.connect(database_path())) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_statistics_that_cannot_be_read_are_a_sentence(home: Path) -> None:
    with ready(started("echo", statistics=False)) as server:
        database_path().parent.mkdir(parents=True)
        database_path().write_bytes(b"damaged" * 1_000)
        request = server.request("workspace/executeCommand", {"command": "finetab.stats", "arguments": []})
        assert "cannot be read" in server.answer(request)["error"]["message"]
        server.open(URI, "x = \n")
        assert item(server)["insertText"]
