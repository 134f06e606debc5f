"""By which library a processor multiplies matrices of float32 numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.backends import mkldnn

_onednn: Any = mkldnn


@contextmanager
def fast_products(*, are_exact: bool) -> Iterator[None]:
    """For a time oneDNN multiplies: more than twice as fast with many rows, slower with few.

    torch takes MKL unless told that products may be less exact than their numbers, and MKL leaves half of an AMD
    processor unused. oneDNN multiplies as exactly on most processors, and on those with AMX with bfloat16, as a GPU
    does in training; with `are_exact` torch's choice stays there. `benchmarks/train_speed.py` and `decode.py` have the
    gain. The setting is the process's: another thread's products meanwhile are oneDNN's as well.
    """
    matmul = _onednn.matmul
    before = matmul.fp32_precision
    if not are_exact or _keeps_float32():
        matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        matmul.fp32_precision = before


@cache
def _keeps_float32() -> bool:
    known = torch.cpu.get_capabilities()
    return known.get("architecture") == "x86_64" and not known.get("amx_bf16")
