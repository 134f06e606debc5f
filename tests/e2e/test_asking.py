"""When a real server asks its model: not everywhere, not while text is taken back, and after a pause in typing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scripted_client import URI, ready, started
from tests.e2e.scripted_server import STEADY_LINE

from finetab.lsp.client import ServerProcess


def typed(server: ServerProcess, line: int, start: int, end: int, text: str, version: int) -> None:
    where = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    document = {"uri": URI, "version": version}
    server.notify(
        "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": where, "text": text}]}
    )


def unasked(server: ServerProcess, character: int) -> str | None:
    return server.complete(URI, 0, character, by_hand=False)


def last(server: ServerProcess) -> dict[str, Any]:
    return server.why()[0]


def test_a_place_before_a_word_is_completed_by_hand_only() -> None:
    with ready(started()) as server:
        server.open(URI, "word")
        assert unasked(server, 2) is None
        assert last(server)["why"] == "the cursor stands before a word"
        assert server.complete(URI, 0, 2) is not None


def test_nothing_is_suggested_while_text_is_taken_back() -> None:
    with ready(started()) as server:
        server.open(URI, "x = abc")
        typed(server, 0, 6, 7, "", 2)
        assert unasked(server, 6) is not None
        typed(server, 0, 5, 6, "", 3)
        assert unasked(server, 5) is None
        assert last(server)["why"] == "text is being taken back"
        typed(server, 0, 5, 5, "y", 4)
        assert unasked(server, 6) is not None


def test_keys_in_quick_succession_are_one_request_to_the_model() -> None:
    with ready(started()) as server:
        server.open(URI, "")
        asked = []
        for index, letter in enumerate("width"):
            typed(server, 0, index, index, letter, index + 2)
            asked.append(server.complete_request(URI, 0, index + 1, by_hand=False))
        results = [server.answer(request)["result"] for request in asked]
        assert [bool(result) for result in results] == [False] * 4 + [True]
        whys = [record["why"] for record in server.why()[:5]]
        assert sorted(whys) == ["answered", *["superseded"] * 4]
        assert all("prompt_tokens" not in record for record in server.why()[:5] if record["why"] == "superseded")


def type_on(server: ServerProcess, text: str, *, withdraws: bool = True) -> list[int]:
    """Ask after a "w", and while the model works type on letter by letter; each key withdraws the request before."""
    server.open(URI, "w")
    asked = [server.complete_request(URI, 0, 1, by_hand=False)]
    while not model_asked_at(server):
        time.sleep(0.01)
    for index, letter in enumerate(text, 1):
        typed(server, 0, index, index, letter, index + 1)
        if withdraws:
            server.notify("$/cancelRequest", {"id": asked[-1]})
        time.sleep(0.03)  # editors withdraw a request before they send the next one
        asked.append(server.complete_request(URI, 0, index + 1, by_hand=False))
    return asked


def model_asked_at(server: ServerProcess) -> list[str]:
    """The places at which the model was asked since it was ready."""
    return [line.split()[-1] for line in server.errors if "asked at 'w" in line]


@pytest.mark.parametrize("withdraws", [True, False])
def test_who_types_what_the_model_is_saying_is_shown_the_rest_of_it(*, withdraws: bool) -> None:
    with ready(started("steady")) as server:
        asked = type_on(server, STEADY_LINE[1:6], withdraws=withdraws)
        (item,) = server.answer(asked[-1])["result"]["items"]
        assert item["insertText"] == STEADY_LINE[6:]
        newest, *others = server.why()[: len(asked)]
        assert newest["why"] == "taken over"
        assert {record["why"] for record in others} == {"cancelled" if withdraws else "superseded"}
        answers = [message["id"] for message in server.received if message.get("id") in asked]
        assert answers == asked  # nobody but the last one has waited for the model
        server.stop()
        assert model_asked_at(server) == ["'w'"]


def test_who_types_something_else_stops_it_and_is_answered_for_that() -> None:
    with ready(started("steady")) as server:
        asked = type_on(server, "ide")
        (item,) = server.answer(asked[-1])["result"]["items"]
        assert item["insertText"] == "x"
        server.stop()
        assert model_asked_at(server) == ["'w'", "'wide'"]


@pytest.mark.parametrize("move", ["typed", "closed"])
def test_an_answer_for_a_text_that_has_changed_meanwhile_is_kept_for_the_next_request(move: str) -> None:
    with ready(started("steady")) as server:
        server.open(URI, "w")
        asked = server.complete_request(URI, 0, 1, by_hand=False)
        while not model_asked_at(server):
            time.sleep(0.01)
        if move == "typed":
            typed(server, 0, 1, 1, STEADY_LINE[1], 2)
        else:
            server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        assert server.answer(asked)["result"] is None
        assert last(server)["why"] == "the document has changed meanwhile"
        if move == "typed":
            assert unasked(server, 2) == STEADY_LINE[2:]
            assert last(server)["why"] == "typed through"


def test_what_is_asked_by_hand_waits_for_nothing() -> None:
    with ready(started()) as server:
        server.open(URI, "")
        typed(server, 0, 0, 0, "x", 2)
        assert server.complete(URI, 0, 1) is not None
        assert "delay_ms" not in last(server)


def test_the_next_line_is_worked_out_after_an_answer_unless_the_settings_forbid_it() -> None:
    for allowed in (True, False):
        with ready(started(lookAhead=allowed)) as server:
            server.open(URI, "x")
            assert server.complete(URI, 0, 1) is not None
            server.stop()
            assert any("looking ahead of" in line for line in server.errors) is allowed


def test_an_entry_selected_in_a_menu_is_gone_on_from() -> None:
    with ready(started()) as server:
        server.open(URI, "a.app")
        over = {"start": {"line": 0, "character": 2}, "end": {"line": 0, "character": 5}}
        result = server.call(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": URI},
                "position": {"line": 0, "character": 5},
                "context": {"triggerKind": 2, "selectedCompletionInfo": {"range": over, "text": "append"}},
            },
        )
        (item,) = result["items"]
        assert item["range"] == over
        assert item["insertText"].startswith('append["a.append", ""')


def test_a_selected_entry_s_range_may_come_as_a_list() -> None:
    with ready(started()) as server:
        server.open(URI, "a.app")
        pair = [{"line": 0, "character": 2}, {"line": 0, "character": 5}]
        context = {"triggerKind": 2, "selectedCompletionInfo": {"range": pair, "text": "append"}}
        place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
        (item,) = server.call("textDocument/inlineCompletion", {**place, "context": context})["items"]
        assert item["insertText"].startswith("append")


def test_finetab_why_tells_it_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with ready(started()) as server:
        server.open(URI, "word")
        unasked(server, 2)
        server.stop()
    command = [sys.executable, "-m", "finetab", "why", "-n", "1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "120"})
    assert "a.py:1:3" in shown.stdout
    assert "the cursor stands before a word" in shown.stdout
    as_json = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(as_json.stdout)["character"] == 2
