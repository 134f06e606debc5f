"""`finetab dashboard`: what it refuses in a sentence."""

import importlib.util
import socket
from contextlib import closing
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
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert _free_port(None) > first
