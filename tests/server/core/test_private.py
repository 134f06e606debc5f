"""Folders that only their user may enter."""

from pathlib import Path

from finetab.core.private import is_private


def test_only_a_folder_that_nobody_else_may_enter_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    assert is_private(folder)
    for mode in (0o750, 0o701, 0o777):
        folder.chmod(mode)
        assert not is_private(folder)
    folder.chmod(0o700)
    (tmp_path / "link").symlink_to(folder)
    assert not is_private(tmp_path / "link")
