"""Marks: one for each folder, however it is named, and no path in them."""

from pathlib import Path

import pytest

from finetab.stats.mark import mark_of


def test_a_folder_has_one_mark_by_whatever_way_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (tmp_path / "link").symlink_to(one)
    monkeypatch.chdir(tmp_path)
    marks = {mark_of(path) for path in (one, Path("one"), two / ".." / "one", tmp_path / "link")}
    assert len(marks) == 1
    assert marks != {mark_of(two)}
    assert "one" not in marks.pop()


def test_no_folder_has_none() -> None:
    assert mark_of(None) == ""
