"""The memory of this process, where its C library is glibc; elsewhere nothing is done."""

import ctypes
import sys
from contextlib import suppress

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # options of mallopt(3)
_LARGE = 1 << 20  # bytes
_AHEAD = 64 << 20  # bytes
_NEVER = (1 << 31) - 1  # bytes; as much as the call can be told


def hold_little() -> None:
    """Let what is large go back to the system as soon as it is freed, and let threads share what is kept.

    Left to itself, glibc keeps the pieces of each thread, the larger the more of them it has seen.
    """
    _call("mallopt", _MMAP_THRESHOLD, _LARGE)
    _call("mallopt", _ARENA_MAX, 2)


def hold_on() -> None:
    """Keep what is freed for what is asked for next.

    A training step makes the same large arrays over and over. Given back and asked for anew, all their pages are
    fetched and cleared by the system each time, which is a good part of a step on a CPU.
    """
    _call("mallopt", _MMAP_THRESHOLD, _NEVER)
    _call("mallopt", _TRIM_THRESHOLD, _NEVER)
    _call("mallopt", _TOP_PAD, _AHEAD)


def give_back() -> None:
    """Return what has been freed to the system: the small pieces that loading needed come to hundreds of megabytes."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            getattr(ctypes.CDLL(None), name)(*arguments)
