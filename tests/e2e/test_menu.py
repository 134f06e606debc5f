"""Editors that cannot show ghost text, over the wire: `textDocument/completion` goes the way of inline completion."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT, URI, ready, started

from finetab.lsp.client import ServerProcess


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerProcess]:
    with started() as server:
        yield ready(server)


def menu(server: ServerProcess, uri: str, line: int, character: int) -> int:
    params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
    return server.request("textDocument/completion", params)


def test_the_menu_is_offered_only_to_clients_without_inline_completion() -> None:
    offered = []
    for known in (["completion"], ["completion", "inlineCompletion"]):
        with ServerProcess(SCRIPT) as server:
            result = server.start(capabilities={"textDocument": {name: {} for name in known}})
            offered.append(result["capabilities"].get("completionProvider"))
    assert offered == [{"triggerCharacters": [".", "(", "="]}, None]


def test_an_entry_takes_the_place_of_the_typed_word_and_carries_its_id(echo: ServerProcess) -> None:
    echo.open(URI, "𝒳 = ret\n")
    result = echo.answer(menu(echo, URI, 0, 8))["result"]
    (item,) = result["items"]
    assert result["isIncomplete"] is True
    assert item["textEdit"]["range"] == {"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 8}}
    assert item["textEdit"]["newText"].startswith("ret")
    assert json.loads(item["textEdit"]["newText"][3:])[:2] == ["𝒳 = ret", "\n"]
    assert item["command"]["arguments"][0]["id"] == echo.why()[0]["id"]


def test_a_newer_request_of_either_kind_supersedes_and_every_one_is_answered() -> None:
    with ready(started("slow")) as server:
        server.open(URI, "x")
        first, second = menu(server, URI, 0, 1), server.complete_request(URI, 0, 1)
        third = menu(server, URI, 0, 1)
        assert server.answer(first)["result"] == {"isIncomplete": True, "items": []}
        assert server.answer(second)["result"] is None
        assert server.answer(third)["result"]["items"]


@pytest.mark.parametrize("params", [{}, {"textDocument": {"uri": URI}, "position": {"line": "x"}}, None])
def test_bad_parameters_are_answered_with_an_error(echo: ServerProcess, params: Any) -> None:
    assert echo.answer(echo.request("textDocument/completion", params))["error"]["code"] == -32602


def test_a_document_that_is_not_open_gives_an_empty_menu(echo: ServerProcess) -> None:
    assert echo.answer(menu(echo, "file:///never/opened.py", 0, 0))["result"] == {"isIncomplete": True, "items": []}
