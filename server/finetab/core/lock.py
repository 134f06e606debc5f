"""A lock file: it is let go with the process that holds it, however that ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from finetab.errors import FinetabError


@contextmanager
def held(path: Path, busy: FinetabError, patience: float = 0.0) -> Iterator[None]:
    """Hold a lock meanwhile; raises `busy` where another process has it and keeps it for `patience` seconds."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise busy from error
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process has a lock."""
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
