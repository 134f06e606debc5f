"""Folders that nobody but their user may enter. POSIX only."""

import os
import stat
from pathlib import Path


def is_private(folder: Path) -> bool:
    """Whether it is a folder of this user's, no link, that others may neither list nor enter."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
