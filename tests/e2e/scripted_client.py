"""What the tests of the scripted server share: starting it, waiting for its model, reading what it said."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from finetab.lsp.client import ServerProcess

SCRIPT = [sys.executable, str(Path(__file__).with_name("scripted_server.py"))]
URI = "file:///project/a.py"


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


def around(server: ServerProcess, uri: str, line: int, character: int) -> tuple[str, str]:
    text = server.complete(uri, line, character)
    assert text is not None
    prefix, suffix, _, _ = json.loads(text)
    return prefix, suffix


def messages(server: ServerProcess) -> list[str]:
    return [
        message["params"]["message"] for message in server.received if message.get("method") == "window/showMessage"
    ]
