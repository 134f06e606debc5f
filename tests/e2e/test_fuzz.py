"""Random edits and random messages against a real server process: texts stay equal, and nothing kills it."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.e2e.scripted_client import SCRIPT, around, ready, started

from finetab.lsp.client import ServerProcess

# The same examples at every run, so that a change that breaks nothing never turns a check red.
settings.register_profile("fuzz", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
FUZZ = settings.get_profile("fuzz")
ENCODINGS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
_numbers = itertools.count(1)

# Astral characters, a joined emoji, all that somebody takes for a line's end, and half a surrogate pair.
PIECES = ["x", "é", "漢", "𝒳", "👩\u200d💻", "\ud83d", "\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85",
          "\u2028", "\u2029", "\t", "def f(x):\n    ", "'''", "#"]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
positions = st.tuples(st.integers(0, 12), st.integers(0, 25) | st.sampled_from([1_000, 2**31 - 1]))
edits = st.tuples(positions, positions, texts) | texts
# Each inner list is one notification.
sessions = st.tuples(texts, st.lists(st.lists(edits, min_size=1, max_size=3), min_size=1, max_size=5), positions)


def offset(text: str, position: tuple[int, int], encoding: str) -> int:
    """A client's own idea of a position: inside a character is its start, past the end is the end."""
    line, character = position
    start = 0
    for _ in range(line):
        ends = [(text.find(end, start), -len(end)) for end in ("\r\n", "\n", "\r") if end in text[start:]]
        if not ends:
            return len(text)
        start = min(ends)[0] - min(ends)[1]
    rest = text[start:].replace("\r", "\n").split("\n", 1)[0]
    codec, unit = ENCODINGS[encoding]
    return start + max(
        count for count in range(len(rest) + 1)
        if len(rest[:count].encode(codec, "surrogatepass")) <= character * unit
    )  # fmt: skip


def change(edit: Any) -> dict[str, Any]:
    if isinstance(edit, str):
        return {"text": edit}
    (first, last, text) = edit
    start, end = ({"line": line, "character": character} for line, character in (first, last))
    return {"range": {"start": start, "end": end}, "text": text}


def applied(text: str, edit: Any, encoding: str) -> str:
    if isinstance(edit, str):
        return edit
    first, last, new = edit
    start, end = offset(text, first, encoding), offset(text, last, encoding)
    return text[:start] + str(new) + text[max(start, end) :]


@pytest.fixture(scope="module", params=list(ENCODINGS))
def speaking(request: pytest.FixtureRequest) -> Iterator[tuple[ServerProcess, str]]:
    with ServerProcess(SCRIPT) as server:
        server.start(options={"base": "echo"}, capabilities={"general": {"positionEncodings": [request.param]}})
        yield ready(server), request.param


@given(sessions)
@settings(FUZZ, max_examples=150)
def test_the_server_s_text_is_the_client_s_whatever_is_edited(
    speaking: tuple[ServerProcess, str], session: Any
) -> None:
    (server, encoding), (text, notifications, cursor) = speaking, session
    uri = f"file:///fuzz/{next(_numbers)}.py"
    server.open(uri, text)
    for version, edits in enumerate(notifications, 2):
        identity = {"uri": uri, "version": version}
        changes = [change(edit) for edit in edits]
        server.notify("textDocument/didChange", {"textDocument": identity, "contentChanges": changes})
        for edit in edits:
            text = applied(text, edit, encoding)
    place = offset(text, cursor, encoding)
    assert around(server, uri, *cursor) == (text[:place], text[place:])
    server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


METHODS = [
    "textDocument/inlineCompletion", "textDocument/completion", "textDocument/didOpen", "textDocument/didChange",
    "textDocument/didClose", "notebookDocument/didOpen", "notebookDocument/didChange", "notebookDocument/didClose",
    "workspace/executeCommand", "workspace/didChangeConfiguration", "workspace/didChangeWorkspaceFolders",
    "$/cancelRequest", "$/setTrace", "$/unheardOf", "getCompletions", "notifyShown", "notifyRejected", "checkStatus",
    "textDocument/hover", "initialize", "initialized", "window/workDoneProgress/cancel", "unheard of",
]  # fmt: skip
KEYS = ["textDocument", "uri", "position", "line", "character", "context", "contentChanges", "range", "text", "version",
        "notebookDocument", "cells", "command", "arguments", "doc", "id", "jsonrpc", "method", "params", "result",
        "error", "settings", "type_name", "class", "token", "start", "end"]  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from([2**31, 2**64, 10**40, -(10**40)])
    | st.floats() | st.sampled_from(["", "file:///fuzz/x.py", "2.0", "finetab.why", "é\u2028\ud83d"])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
)
messages = st.fixed_dictionaries(
    {}, optional={"jsonrpc": st.sampled_from(["2.0", "1.0", 2]), "method": st.sampled_from(METHODS) | values,
                  "id": values, "params": values, "result": values, "error": values},
)  # fmt: skip
bodies = (
    values.map(lambda value: json.dumps(value).encode())
    | messages.map(lambda message: json.dumps(message).encode())
    | st.lists(messages, max_size=3).map(lambda batch: json.dumps(batch).encode())
    | st.binary(min_size=1, max_size=30)
    | st.tuples(messages, st.integers(1, 40)).map(lambda cut: json.dumps(cut[0]).encode()[: cut[1]])
)
ids = st.integers(10**6, 10**30) | st.text(min_size=1, max_size=8).map(lambda name: f"id {name}")


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerProcess]:
    with started() as server:
        yield ready(server)


@given(st.lists(bodies, min_size=1, max_size=3), ids, st.sampled_from(METHODS), values)
@settings(FUZZ, max_examples=400)
def test_whatever_is_sent_the_server_lives_and_answers_each_request(
    echo: ServerProcess, sent: list[bytes], request_id: int | str, method: str, params: Any
) -> None:
    for body in sent:
        echo.send_bytes(body)
    unique = f"{request_id} {next(_numbers)}" if isinstance(request_id, str) else request_id * 1_000 + next(_numbers)
    echo.send({"id": unique, "method": method, "params": params})
    answer = echo.wait_for(lambda message: message.get("id") == unique and "method" not in message, 5)
    assert ("result" in answer) != ("error" in answer)


def test_after_all_this_the_server_still_completes(echo: ServerProcess) -> None:
    echo.open("file:///fuzz/last.py", "ab")
    assert around(echo, "file:///fuzz/last.py", 0, 1) == ("a", "b")
    assert not [message for message in echo.received if message.get("method") == "window/showMessage"]
