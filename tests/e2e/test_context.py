"""Code from other files in the prompts of a real server: imported, edited lately, never what must stay out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import commit_all

from finetab.lsp.client import ServerProcess

COMMAND = [sys.executable, str(Path(__file__).with_name("context_server.py"))]
LINE = "length = perimeter_of("


def shapes(name: str) -> str:
    return f"def perimeter_of_{name}(sides):\n    return sum(sides)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("polygon", "secret_shape", "square"):
        (tmp_path / f"{name}.py").write_text(shapes(name))
    (tmp_path / ".gitignore").write_text("secret_shape.py\n")
    (tmp_path / "fence.py").write_text(f"import polygon\nimport secret_shape\n\n{LINE}")
    commit_all(tmp_path, "all")
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[ServerProcess]:
    with ServerProcess(COMMAND) as server:
        server.start(folder.as_uri(), {"contextTokens": 2_000})
        yield server


def opened(server: ServerProcess, path: Path) -> str:
    server.open(path.as_uri(), path.read_text())
    return path.as_uri()


def context(server: ServerProcess, folder: Path) -> str:
    """What stands before the text of `fence.py`, once the server has loaded."""
    uri = opened(server, folder / "fence.py")
    for _ in range(200):
        text = server.complete(uri, 3, len(LINE))
        if text is not None:
            return text
    raise AssertionError(server.why()[0])


def why(server: ServerProcess) -> Any:
    return server.why()[0].get("left_out")


def test_an_imported_file_that_is_not_open_is_in_the_prompt_and_an_ignored_one_is_not(
    server: ServerProcess, folder: Path
) -> None:
    text = context(server, folder)
    assert "/polygon.py\ndef perimeter_of_polygon(sides):" in text
    assert "secret_shape" not in text
    assert "square" not in text
    assert why(server) == ["secret_shape.py: ignored by git"]
    server.stop()
    command = [sys.executable, "-m", "finetab", "why", "-n", "1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "200"})
    assert "without secret_shape.py: ignored by git" in shown.stdout


def test_an_ignored_file_gives_no_context_though_it_is_open_but_is_completed_itself(
    server: ServerProcess, folder: Path
) -> None:
    uri = opened(server, folder / "secret_shape.py")
    opened(server, folder / "square.py")
    text = context(server, folder)
    assert "perimeter_of_square" in text
    assert "secret_shape" not in text
    assert server.complete(uri, 1, 4) is not None


def test_a_file_that_was_edited_and_closed_stays_in_mind(server: ServerProcess, folder: Path) -> None:
    path = folder / "square.py"
    uri = opened(server, path)
    start = {"line": 0, "character": 0}
    change = {"range": {"start": start, "end": start}, "text": "# edited\n"}
    server.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    path.write_text("# edited\n" + path.read_text())
    server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    text = context(server, folder)
    assert "# edited\ndef perimeter_of_square" in text
    assert "perimeter_of_polygon" in text


def test_with_no_budget_no_file_is_read(folder: Path) -> None:
    with ServerProcess(COMMAND) as server:
        server.start(folder.as_uri())
        assert context(server, folder) == "none"
        assert why(server) is None
