"""The memory of this process: what is kept, and when it goes back. What C libraries keep is told to glibc only."""

import ctypes
import gc
import mmap
import sys
import time
from contextlib import suppress
from threading import Event, Thread

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # options of mallopt(3)
_AHEAD = 64 << 20  # bytes
_IDLE_SECONDS, _LOOK_SECONDS = 20.0, 1.0
_WORKS = Event()
_NEVER = (1 << 31) - 1  # bytes; as much as the call can be told


def hold_while_busy(idle_seconds: float = _IDLE_SECONDS) -> None:
    """As `hold_on`, in what all threads share; given back when nothing `works` for so long.

    Left to itself, glibc keeps the pieces of each thread, the larger the more of them it has seen.
    """
    _call("mallopt", _ARENA_MAX, 2)
    hold_on()
    Thread(target=_watch, args=(idle_seconds,), name="finetab-memory", daemon=True).start()


def works() -> None:
    """Something that takes large arrays happens, or has just happened."""
    _WORKS.set()


def _watch(idle_seconds: float) -> None:
    while _WORKS.wait():
        while _WORKS.wait(idle_seconds):
            _WORKS.clear()
            time.sleep(_LOOK_SECONDS)
        give_back()


def hold_on() -> None:
    """Keep what is freed for what is asked for next.

    A training step, or the layers of a prompt, make the same large arrays over and over. Given back and asked for anew,
    all their pages are fetched and cleared by the system each time, which takes as long as the work itself.
    """
    _call("mallopt", _MMAP_THRESHOLD, _NEVER)
    _call("mallopt", _TRIM_THRESHOLD, _NEVER)
    _call("mallopt", _TOP_PAD, _AHEAD)


def give_back() -> None:
    """Return what has been freed to the system: the small pieces that loading needed come to hundreds of megabytes."""
    _call("malloc_trim", 0)


def keep_imports() -> None:
    """Take what has been imported out of what is searched for garbage.

    It lives to the end, and is half a million objects with torch: a search through them takes longer than a step.
    """
    gc.freeze()


def own_pages(num_bytes: int) -> mmap.mmap:
    """Cleared memory that goes back to the system with the last one who holds it.

    For large arrays that live for minutes: in the heap they leave holes between what stays.
    """
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if sys.platform != "win32" else {}
    return mmap.mmap(-1, num_bytes, **private)


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            getattr(ctypes.CDLL(None), name)(*arguments)
