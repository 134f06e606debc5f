"""By which library a processor multiplies while it trains."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.backends import mkldnn

_onednn: Any = mkldnn


@contextmanager
def fast_products() -> Iterator[None]:
    """Matrices of float32 numbers are multiplied by oneDNN for a time.

    torch takes MKL unless told that products may be less exact than their numbers, and MKL leaves half of an AMD
    processor unused. oneDNN multiplies as exactly on all but those with AMX, where it does with bfloat16 what a GPU
    does in training. `benchmarks/train_speed.py` has the gain.
    """
    matmul = _onednn.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        matmul.fp32_precision = before
