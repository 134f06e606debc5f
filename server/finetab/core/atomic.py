"""Files and folders that appear whole or not at all: written aside, synced, then renamed into place."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from finetab.errors import FinetabError, NoSpace

_OPENS_FOLDERS = os.name != "nt"
_FULL = os.strerror(errno.ENOSPC)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_IN_THE_WAY = {errno.ENOTDIR, errno.EEXIST}
_NOT_WRITABLE = _NO_ROOM | _IN_THE_WAY | {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes `target` when the block ends well; what stood there before goes then.

    When the block fails, or the process dies, `target` is what it was. Raises `NoSpace` when the disk says no.
    """
    with _told_plainly(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".building", dir=target.parent))
        try:
            yield building
            for path in building.rglob("*"):
                if path.is_file():
                    path.chmod(0o644)
                    _sync(path)
            building.chmod(0o755)
            _replace_folder(building, target)
            _sync(target.parent)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def write_text(target: Path, text: str, mode: int = 0o644) -> None:
    """Write a whole file or leave the old one as it is. Raises `NoSpace` when the disk says no."""
    with _told_plainly(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            os.replace(name, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)
        _sync(target.parent)


def _replace_folder(building: Path, target: Path) -> None:
    if not target.exists():
        building.rename(target)
        return
    # A folder that is not empty cannot be renamed over: move the old one aside for the moment it takes.
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    target.rename(old / target.name)
    try:
        building.rename(target)
    except OSError:
        (old / target.name).rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _told_plainly(target: Path) -> Iterator[None]:
    try:
        yield
    except FinetabError:
        raise
    except Exception as error:
        reason = not_writable(error)
        if not reason:
            raise
        raise NoSpace(
            f"{target} could not be written ({reason}); {what_to_do(error)}. Nothing that was there has changed."
        ) from error


def not_writable(error: BaseException) -> str:
    """Why the disk refused, when that is what an error means; else "". Libraries have errors of their own for it."""
    if isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
        return error.strerror or str(error)
    return _FULL if _FULL in str(error) else ""


def what_to_do(error: BaseException) -> str:
    """The end of a sentence about an error that `not_writable` knows."""
    if not isinstance(error, OSError) or error.errno in _NO_ROOM:
        return "free some space, or choose another folder"
    if error.errno in _IN_THE_WAY:
        return "a file stands where a folder is needed: choose another name"
    return "see to its permissions, or choose another one"


def _sync(path: Path) -> None:
    if path.is_dir() and not _OPENS_FOLDERS:
        return
    handle = os.open(path, os.O_RDONLY if _OPENS_FOLDERS else os.O_RDWR)  # where not, what is only read is not synced
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems cannot sync a folder; the rename has still happened.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(handle)
