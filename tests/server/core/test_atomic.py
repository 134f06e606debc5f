"""Files and folders appear whole or not at all."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from finetab.core import atomic
from finetab.core.atomic import new_folder, what_to_do, write_text
from finetab.errors import NoSpace


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_only_when_the_block_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "adapter"
    with new_folder(target) as building:
        (building / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert names(tmp_path) == ["adapter"]


def test_a_failed_block_leaves_the_old_folder_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "adapter"
    with new_folder(target) as building:
        (building / "a").write_text("old")

    def build_and_fail() -> None:
        with new_folder(target) as building:
            (building / "a").write_text("new")
            raise KeyError

    with pytest.raises(KeyError):
        build_and_fail()
    assert (target / "a").read_text() == "old"
    assert names(tmp_path) == ["adapter"]


def test_a_new_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "adapter"
    for name in ("one", "two"):
        with new_folder(target) as building:
            (building / name).write_text(name)
    assert names(target) == ["two"]
    assert names(tmp_path) == ["adapter"]


def test_a_full_disk_is_told_plainly_and_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "manifest.json"
    write_text(path, "old")

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpace, match="No space left on device"):
        write_text(path, "new")
    with pytest.raises(NoSpace, match="free some space"), new_folder(tmp_path / "adapter") as building:
        (building / "a").write_text("1")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["manifest.json"]


def test_a_system_that_opens_no_folders_is_content_with_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refusing(path: Any, *rest: Any) -> int:
        if Path(path) == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", refusing)
    monkeypatch.setattr(atomic, "_OPENS_FOLDERS", False)
    write_text(tmp_path / "a.txt", "all")
    assert (tmp_path / "a.txt").read_text("utf-8") == "all"


def test_space_is_asked_for_only_where_there_is_none() -> None:
    assert "space" in what_to_do(OSError(errno.ENOSPC, "full"))
    assert "permissions" in what_to_do(PermissionError(errno.EACCES, "denied"))


def test_a_file_where_a_folder_is_needed_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(NoSpace, match="a file stands where a folder is needed"):
        write_text(tmp_path / "a" / "b", "text")
