"""The memory of this process, where its C library is glibc; elsewhere nothing is done."""

import ctypes
import sys
from contextlib import suppress

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # options of mallopt(3)
_LARGE = 1 << 20  # bytes


def hold_little() -> None:
    """Let what is large go back to the system as soon as it is freed, and let threads share what is kept.

    Left to itself, glibc keeps the pieces of each thread, the larger the more of them it has seen.
    """
    _call("mallopt", _MMAP_THRESHOLD, _LARGE)
    _call("mallopt", _ARENA_MAX, 2)


def give_back() -> None:
    """Return what has been freed to the system: the small pieces that loading needed come to hundreds of megabytes."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            getattr(ctypes.CDLL(None), name)(*arguments)
