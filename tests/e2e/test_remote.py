"""`finetab serve` with its engine elsewhere: it answers, says why when the engine is away, and finds it again."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scripted_client import messages
from tests.server.engine.http_server import Scripted, app_of, running
from tests.server.engine.test_http_engine import said

from finetab.core.base import read_base
from finetab.core.logins import log_in, log_out
from finetab.lsp.client import ServerProcess

COMMAND = [sys.executable, "-m", "finetab", "serve"]
URI = "file:///a.py"


@pytest.fixture
def editor() -> Iterator[ServerProcess]:
    with ServerProcess(COMMAND) as server:
        yield server


def statuses(server: ServerProcess, kind: str) -> list[dict[str, Any]]:
    told = [message["params"] for message in server.received if message.get("method") == "didChangeStatus"]
    return [status for status in told if status["kind"] == kind and not status["busy"]]


def wait_ready(server: ServerProcess) -> None:
    while not statuses(server, "Normal"):
        assert not statuses(server, "Error"), statuses(server, "Error")
        time.sleep(0.05)


def test_an_engine_elsewhere_answers_and_its_absence_is_told_until_it_is_back(
    editor: ServerProcess, tiny: Callable[[str], Path]
) -> None:
    base = read_base(str(tiny("gemma3_text")))
    script = Scripted(answer=said(base, "width * height\n"))
    app = app_of(script)
    with running(app) as url:
        log_in(url, "")
        editor.start(options={"base": base.name, "engine": url, "status": True})
        wait_ready(editor)
        editor.open(URI, "def area(width, height):\n    return \n\n\ndef other():\n    return \n")
        assert editor.complete(URI, 1, 11) == "width * height"
    assert editor.complete(URI, 5, 11) is None
    assert "does not answer" in editor.why()[0]["why"]
    assert "does not answer" in statuses(editor, "Warning")[-1]["message"]
    num_normal = len(statuses(editor, "Normal"))
    with running(app, int(url.rpartition(":")[2])):
        time.sleep(0.6)
        assert editor.complete(URI, 5, 11) == "width * height"
        assert len(statuses(editor, "Normal")) == num_normal + 1
    assert messages(editor) == []
    assert editor.stop() == 0
    assert "Traceback" not in "".join(editor.errors)


def test_code_is_sent_to_no_engine_that_the_user_does_not_know(
    editor: ServerProcess, tiny: Callable[[str], Path]
) -> None:
    script = Scripted()
    with running(app_of(script)) as url:
        log_out(url)
        editor.start(options={"base": str(tiny("gemma3_text")), "engine": url, "status": True})
        editor.wait_for(lambda message: message.get("method") == "window/showMessage")
        assert f"finetab engine login {url}" in messages(editor)[0]
        assert script.asked == []


def test_to_log_in_and_out_is_followed_by_an_editor_that_runs(
    editor: ServerProcess, tiny: Callable[[str], Path]
) -> None:
    base = read_base(str(tiny("gemma3_text")))
    script = Scripted("llama.cpp", token="first", answer=said(base, "width * height\n"))
    with running(app_of(script)) as url:
        log_in(url, "wrong")
        editor.start(options={"base": base.name, "engine": url, "status": True})
        editor.wait_for(lambda message: message.get("method") == "window/showMessage")
        assert "wants another token" in messages(editor)[0]
        log_in(url, "first")
        while not statuses(editor, "Normal"):
            time.sleep(0.05)
        editor.open(URI, "def area(width, height):\n    return \n\n\ndef other():\n    return \n")
        assert editor.complete(URI, 1, 11) == "width * height"
        script.token = "second"
        assert editor.complete(URI, 5, 11) is None
        assert "wants another token" in editor.why()[0]["why"]
        log_in(url, "second")
        assert editor.complete(URI, 5, 11) == "width * height"
        time.sleep(0.5)  # what comes after an acceptance has been asked for ahead
        num_asked = len(script.asked)
        log_out(url)
        assert editor.complete(URI, 5, 10) is None
        assert f"finetab engine login {url}" in editor.why()[0]["why"]
        assert len(script.asked) == num_asked
