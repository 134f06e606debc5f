"""Linear layers with weights in 8 bits.

Each output's weights have a scale of their own, and so has each token's input, which is written as two 8-bit numbers:
the second one holds what the first one rounds away. Both go through the same kernel as if they were two tokens. While
few tokens are evaluated the weights have to be fetched from memory anyway, so the second number costs little; with the
first one alone, most of what 8 bits lose would be lost there. Products are summed in 32-bit integers, so a token's
outputs do not depend on the tokens that it is evaluated with. The kernel is FBGEMM's, which comes with torch for x86
processors with AVX2.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, filterwarnings

import torch
from torch.backends import quantized

from finetab.core.tensor_file import TensorFiles

KERNEL = "fbgemm"
_CHUNK = 4_096  # rows that are quantised at once
_TINY = 1e-12
# torch has announced that its quantised tensors will go; what packs and what multiplies may be gone in a later one.
_pack: Any = getattr(torch, "_make_per_channel_quantized_tensor", None)
_dot: Any = getattr(torch.ops.quantized, "linear_with_input_q_dq_qweight_dq_output_fp32", None)


def is_kernel_here() -> bool:
    """Whether torch has the kernel on this machine."""
    return KERNEL in quantized.supported_engines and None not in (_pack, _dot)


def input_levels() -> int:
    """How far inputs go to either side of zero.

    Without VNNI two products are added in 16 bits, which is safe only where inputs have 7 bits
    (`reduce_range` of torch.ao.quantization).
    """
    return 127 if torch.cpu._is_vnni_supported() else 63


@dataclass(frozen=True, slots=True)
class Addition:
    """What an adapter adds: B A x, the scale within B."""

    a: torch.Tensor
    """(K, rank)."""
    b: torch.Tensor
    """(rank, N)."""


class Linear:
    """One or several projections of the same input, stacked: (T, K) to (T, N).

    `order` says which row of the stack each output is, all of them or some. `additions` are those of the adapters, by
    name.
    """

    def __init__(
        self, files: TensorFiles, modules: Sequence[str], order: torch.Tensor | None = None, levels: int | None = None
    ) -> None:
        names = [f"{module}.weight" for module in modules]
        self.modules = tuple(modules)
        self.sizes = tuple(files.shape(name)[0] for name in names)
        self.additions: dict[str, Addition] = {}
        self.order = order
        self._levels = levels or input_levels()
        self.num_inputs = files.shape(names[0])[1]
        if order is not None and len(order) < sum(self.sizes):
            self._packed = _packed(*_quantised(_rows_at(files, names, order), len(order), self.num_inputs))
        else:
            weight_NK, scales_N = _quantised(_rows(files, names), sum(self.sizes), self.num_inputs)
            self._packed = _packed(self.ordered(weight_NK), self.ordered(scales_N))
        biases = [files.read(f"{module}.bias") for module in modules if f"{module}.bias" in files]
        self._bias = self.ordered(torch.cat(biases)) if biases else None

    def __call__(self, x_TK: torch.Tensor, adapter: str) -> torch.Tensor:
        """The outputs in float32, with what the adapter adds."""
        levels = self._levels
        # One operation on a token's numbers takes longer to start than to do: each one less counts.
        scale_T1 = x_TK.abs().amax(dim=-1, keepdim=True).clamp_min_(_TINY).div_(levels)
        left_TK = x_TK / scale_T1
        both = left_TK.new_empty(2, *left_TK.shape)
        first_TK, second_TK = both.unbind()
        torch.round(left_TK, out=first_TK)
        torch.sub(left_TK, first_TK, out=second_TK).mul_(2 * levels)
        first_TN, second_TN = _dot(both, 1.0, levels + 1, self._packed).unbind()
        y_TN = first_TN.add_(second_TN, alpha=0.5 / levels)
        y_TN = y_TN.mul_(scale_T1) if self._bias is None else torch.addcmul(self._bias, y_TN, scale_T1)
        addition = self.additions.get(adapter)
        return y_TN if addition is None else y_TN.addmm_(x_TK @ addition.a, addition.b)

    def ordered(self, stacked: torch.Tensor) -> torch.Tensor:
        """Something with a row for each output of the stack, put into the order of the outputs."""
        return stacked if self.order is None else stacked[self.order]


def _rows(files: TensorFiles, names: Sequence[str]) -> Iterator[torch.Tensor]:
    """The rows of several tensors, some at once."""
    for name in names:
        num_rows = files.shape(name)[0]
        for start in range(0, num_rows, _CHUNK):
            yield files.rows(name, start, min(start + _CHUNK, num_rows))


def _rows_at(files: TensorFiles, names: Sequence[str], wanted: torch.Tensor) -> Iterator[torch.Tensor]:
    """Some rows of one tensor, without reading the others."""
    (name,) = names
    for some in wanted.split(_CHUNK):
        yield files.rows_at(name, some.tolist())


def _quantised(chunks: Iterable[torch.Tensor], num_rows: int, num_inputs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in 8 bits, (N, K), and a scale for each, (N,)."""
    weight_NK = torch.empty(num_rows, num_inputs, dtype=torch.int8)
    scales_N = torch.empty(num_rows)
    at = 0
    for rows in chunks:
        scales = rows.abs().amax(dim=1).clamp_min_(_TINY) / 127
        weight_NK[at : at + len(rows)] = (rows / scales[:, None]).round_()
        scales_N[at : at + len(rows)] = scales
        at += len(rows)
    return weight_NK, scales_N


def _packed(weight_NK: torch.Tensor, scales_N: torch.Tensor) -> Any:
    before = quantized.engine
    quantized.engine = KERNEL  # what packs decides what multiplies
    try:
        with catch_warnings():
            filterwarnings("ignore", "torch.quantize_per_tensor")  # see `_pack`
            zeros_N = torch.zeros(len(weight_NK), dtype=torch.long)
            weight = _pack(weight_NK, scales_N.double(), zeros_N, 0)
        return torch.ops.quantized.linear_prepack(weight, None)
    finally:
        quantized.engine = before
