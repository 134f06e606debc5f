"""Matrices in 8 bits, packed for the kernel that multiplies them: FBGEMM's, which comes with torch for x86 and AVX2."""

from collections.abc import Iterable
from typing import Any
from warnings import catch_warnings, filterwarnings

import torch
from torch.backends import quantized

KERNEL = "fbgemm"
# Rows that are packed at once: the kernel's packing takes more than twice as long for a row of 262,144 together, while
# its products are as fast in parts.
PART = 32_768
TINY = 1e-12
# torch has announced that its quantised tensors will go; what packs and what multiplies may be gone in a later one.
_make: Any = getattr(torch, "_make_per_channel_quantized_tensor", None)
_dot: Any = getattr(torch.ops.quantized, "linear_with_input_q_dq_qweight_dq_output_fp32", None)


def is_kernel_here() -> bool:
    """Whether torch has the kernel on this machine."""
    return KERNEL in quantized.supported_engines and None not in (_make, _dot)


def input_levels() -> int:
    """How far inputs go to either side of zero.

    Without VNNI two products are added in 16 bits, which is safe only where inputs have 7 bits
    (`reduce_range` of torch.ao.quantization).
    """
    return 127 if torch.cpu._is_vnni_supported() else 63


def rounded(chunks: Iterable[torch.Tensor], num_rows: int, num_inputs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in 8 bits, (N, K), and a scale for each, (N,)."""
    weight_NK = torch.empty(num_rows, num_inputs, dtype=torch.int8)
    scales_N = torch.empty(num_rows)
    at = 0
    for rows in chunks:
        scales = rows.abs().amax(dim=1).clamp_min_(TINY) / 127
        weight_NK[at : at + len(rows)] = (rows / scales[:, None]).round_()
        scales_N[at : at + len(rows)] = scales
        at += len(rows)
    return weight_NK, scales_N


def pack(weight_NK: torch.Tensor, scales_N: torch.Tensor) -> list[Any]:
    """What `times` multiplies with, in parts of `PART` rows."""
    before = quantized.engine
    quantized.engine = KERNEL  # what packs decides what multiplies
    try:
        with catch_warnings():
            filterwarnings("ignore", "torch.quantize_per_tensor")  # see `_make`
            zeros_N = torch.zeros(len(weight_NK), dtype=torch.long)
            parts = zip(*(whole.split(PART) for whole in (weight_NK, scales_N.double(), zeros_N)), strict=True)
            return [torch.ops.quantized.linear_prepack(_make(*part, 0), None) for part in parts]
    finally:
        quantized.engine = before


def times(x_TK: torch.Tensor, levels: int, part: Any) -> torch.Tensor:
    """Products with a packed part, (T, N), in float32; numbers beyond `levels`, and what is behind the point, go."""
    y_TN: torch.Tensor = _dot(x_TK, 1.0, levels + 1, part)
    return y_TN
