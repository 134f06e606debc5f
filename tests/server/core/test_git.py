"""Git is asked, and believed only where it answers; nothing that a repository names is run."""

from pathlib import Path

import pytest
from tests.conftest import commit_all

from finetab.core.git import generated_files, ignored_files, repository_of, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".gitignore").write_text("*.log\n/out/\n")
    (tmp_path / ".gitattributes").write_text("gen/* linguist-generated\nlib/* linguist-vendored=true\n")
    (tmp_path / "kept.log").write_text("")
    commit_all(tmp_path, "all")
    run(tmp_path, "add", "-f", "kept.log")
    return tmp_path


def test_a_tracked_file_is_not_ignored_whatever_its_name(folder: Path) -> None:
    names = ["a.py", "new.log", "kept.log", "out/é a.py", "sub/x.log"]
    assert ignored_files(folder, names) == frozenset({"new.log", "out/é a.py", "sub/x.log"})
    assert ignored_files(folder, ["a.py"]) == ignored_files(folder, []) == frozenset()


def test_attributes_tell_what_is_generated_or_vendored(folder: Path) -> None:
    assert generated_files(folder, ["a.py", "gen/a.py", "lib/b.py"]) == {"gen/a.py", "lib/b.py"}


def test_the_nearest_repository_counts(folder: Path) -> None:
    inner = folder / "a" / "inner"
    inner.mkdir(parents=True)
    (inner / ".git").write_text("gitdir: elsewhere\n")  # as a submodule has it
    assert repository_of(inner / "b" / "c.py") == inner
    assert repository_of(folder / "a" / "c.py") == folder


def test_where_git_says_nothing_nothing_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(folder / "nowhere", "status") is None
    assert run(folder, "no-such-command") is None
    assert run(folder, "status", timeout_s=0.0) is None
    monkeypatch.setenv("PATH", "")
    assert ignored_files(folder, ["new.log"]) is None
    assert generated_files(folder, ["gen/a.py"]) == frozenset()


def test_no_program_that_the_repository_names_is_run(folder: Path) -> None:
    program = folder / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch '{folder}/was_run'\n")
    program.chmod(0o755)
    run(folder, "config", "core.fsmonitor", str(program))
    assert run(folder, "status") is not None
    assert ignored_files(folder, ["new.log"]) == frozenset({"new.log"})
    assert not (folder / "was_run").exists()
