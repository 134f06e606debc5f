"""By which library a processor multiplies matrices of float32 numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import torch
from torch.backends import mkldnn

_onednn: Any = mkldnn


@contextmanager
def fast_products(*, are_exact: bool) -> Iterator[None]:
    """For a time oneDNN multiplies: more than twice as fast with many rows, slower with few.

    torch takes MKL unless told that products may be less exact than their numbers, and MKL leaves half of an AMD
    processor unused. oneDNN multiplies as exactly on most processors, and on those with AMX with bfloat16, as a GPU
    does in training; with `are_exact` torch's choice stays there. `benchmarks/train_speed.py` has the gain.
    The setting is the process's: another thread's products meanwhile are oneDNN's as well, and the last one to leave
    sets it back.
    """
    if are_exact and not _keeps_float32():
        yield
        return
    _SWITCH.turn(1)
    try:
        yield
    finally:
        _SWITCH.turn(-1)


class _Switch:
    """The setting, and how many want it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted = 0
        self._before = ""

    def turn(self, more: int) -> None:
        """One more, or one less."""
        matmul = _onednn.matmul
        with self._lock:
            if not self._wanted:
                self._before = matmul.fp32_precision
            self._wanted += more
            matmul.fp32_precision = "bf16" if self._wanted else self._before


_SWITCH = _Switch()


@cache
def _keeps_float32() -> bool:
    known = torch.cpu.get_capabilities()
    return known.get("architecture") == "x86_64" and not known.get("amx_bf16")
