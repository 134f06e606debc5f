"""`finetab dashboard`: what it refuses in a sentence, who may open its pages, and what decides how they are served."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from finetab.errors import BadInput, MissingExtra
from finetab_training.dashboard.cli import _free_port, dashboard


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder"):
        dashboard(tmp_path / "none")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'finetab\[dashboard\]'"):
        dashboard(tmp_path)


def test_a_taken_port_is_refused_when_it_was_asked_for_and_else_passed_over() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"Port {port} of 127.0.0.1 is taken"):
            _free_port(port)
    first = _free_port(None)
    with closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")  # pages may have ended there just now
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert _free_port(None) > first


_LIMIT_S = 100  # a busy machine takes its time
_FOLDERS_OWN = '[server]\ncorsAllowedOrigins = ["http://friend.example"]\n'
_LOOKED_UP = "the internet is asked"
_WATCHED = f"""
import sys
import requests
requests.get = lambda url, **options: print("{_LOOKED_UP}", url, flush=True)
sys.argv = ["finetab", "dashboard", *sys.argv[1:]]
from finetab.cli import main
main()
"""
"""The command, where asking another machine is told instead."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of pages that are served for a folder which brings a config of Streamlit's; they ask no other machine."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(_FOLDERS_OWN)
    log = folder / "log"
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        chosen = probe.getsockname()[1]
    command = [sys.executable, "-c", _WATCHED, str(folder), "--port", str(chosen)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        end = time.monotonic() + _LIMIT_S
        while not answer_to(chosen, "/_stcore/health", f"127.0.0.1:{chosen}"):
            assert time.monotonic() < end, log.read_text()
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield chosen
        process.kill()
    assert _LOOKED_UP not in log.read_text()


def answer_to(port: int, path: str, host: str, *more: str) -> int:
    """The status of an answer; 0 where there is none."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *more, "", ""]
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=_LIMIT_S) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return int(connection.makefile("rb").readline().split()[1])
    return 0


@pytest.mark.parametrize(
    ("host", "origin", "is_let_in"),
    [
        ("127.0.0.1", "http://127.0.0.1", True),
        ("localhost", "http://localhost", True),
        ("evil.example", "http://evil.example", False),  # a name of theirs that leads to this machine
        ("127.0.0.1", "http://evil.example", False),
        ("127.0.0.1", "http://friend.example", False),  # whom the folder's own config would let in
    ],
)
def test_only_who_comes_by_an_address_of_this_machine_is_let_in(
    port: int, host: str, origin: str, is_let_in: bool
) -> None:
    status = answer_to(
        port, "/_stcore/stream", f"{host}:{port}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Origin: {origin}:{port}",
    )  # fmt: skip
    assert (status == 101) == is_let_in
