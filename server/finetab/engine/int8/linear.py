"""Linear layers with weights in 8 bits.

Each output's weights have a scale of their own, and so has each token's input, which is written as two 8-bit numbers:
the second one holds what the first one rounds away. Both go through the same kernel as if they were two tokens. While
few tokens are evaluated the weights have to be fetched from memory anyway, so the second number costs little; with the
first one alone, most of what 8 bits lose would be lost there. Products are summed in 32-bit integers, so a token's
outputs do not depend on the tokens that it is evaluated with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from finetab.core.tensor_file import TensorFiles
from finetab.engine.int8.packing import PART, TINY, input_levels, pack, rounded, times
from finetab.engine.network import NO_ADAPTER

_CHUNK = 4_096  # rows that are read at once


@dataclass(frozen=True, slots=True)
class Addition:
    """What an adapter adds: B A x, the scale within B."""

    a: torch.Tensor
    """(K, rank)."""
    b: torch.Tensor
    """(rank, N)."""

    @property
    def num_numbers(self) -> int:
        """How many numbers it is multiplied with for each token."""
        return self.a.numel() + self.b.numel()


class Linear:
    """One or several projections of the same input, stacked: (T, K) to (T, N).

    `order` says which row of the stack each output is, all of them or some. `additions` are those of the adapters, by
    name; they are multiplied apart, but for one that is `within` the weights. They are read and packed by `take_in`, at
    the first use at the latest.
    """

    def __init__(
        self, files: TensorFiles, modules: Sequence[str], order: torch.Tensor | None = None, levels: int | None = None
    ) -> None:
        self._files = files
        self._names = [f"{module}.weight" for module in modules]
        self.modules = tuple(modules)
        self.sizes = tuple(files.shape(name)[0] for name in self._names)
        self.additions: dict[str, Addition] = {}
        self.within = NO_ADAPTER
        self.order = order
        self._levels = levels or input_levels()
        self.num_inputs = files.shape(self._names[0])[1]
        self._num_outputs = sum(self.sizes) if order is None else len(order)
        self._packed: list[Any] = []
        biases = [files.read(f"{module}.bias") for module in modules if f"{module}.bias" in files]
        self._bias = self.ordered(torch.cat(biases)) if biases else None

    @property
    def num_numbers(self) -> int:
        """How many weights it has."""
        return sum(self.sizes) * self.num_inputs

    def take_in(self, adapter: str) -> None:
        """Add what an adapter adds to the weights, before these are rounded; they are the file's for `NO_ADAPTER`."""
        if self._packed and adapter == self.within:
            return
        addition = self.additions.get(adapter)
        if addition is None:
            self._packed = self._as_in_the_file()
        else:
            weight_NK = self.ordered(torch.cat(list(_rows(self._files, self._names))))
            weight_NK.addmm_(addition.b.T, addition.a.T)
            self._packed = pack(*rounded([weight_NK], *weight_NK.shape))
        self.within = adapter

    def __call__(self, x_TK: torch.Tensor, adapter: str) -> torch.Tensor:
        """The outputs in float32, with what the adapter adds."""
        if not self._packed:
            self.take_in(self.within)
        levels = self._levels
        # One operation on a token's numbers takes longer to start than to do: each one less counts.
        scale_T1 = x_TK.abs().amax(dim=-1, keepdim=True).clamp_min_(TINY).div_(levels)
        left_TK = x_TK / scale_T1
        both_2TK = left_TK.new_empty(2, *left_TK.shape)
        first_TK, second_TK = both_2TK.unbind()
        torch.round(left_TK, out=first_TK)
        torch.sub(left_TK, first_TK, out=second_TK).mul_(2 * levels)
        y_TN = self._summed(both_2TK)
        y_TN = y_TN.mul_(scale_T1) if self._bias is None else torch.addcmul(self._bias, y_TN, scale_T1)
        if adapter == self.within:
            return y_TN
        for name, sign in ((adapter, 1), (self.within, -1)):
            addition = self.additions.get(name)
            if addition is not None:
                y_TN.addmm_(x_TK @ addition.a, addition.b, alpha=sign)
        return y_TN

    def ordered(self, stacked: torch.Tensor) -> torch.Tensor:
        """Something with a row for each output of the stack, put into the order of the outputs."""
        return stacked if self.order is None else stacked[self.order]

    def _as_in_the_file(self) -> list[Any]:
        if self.order is not None and self._num_outputs < sum(self.sizes):
            rows = _rows_at(self._files, self._names, self.order)
            return pack(*rounded(rows, self._num_outputs, self.num_inputs))
        weight_NK, scales_N = rounded(_rows(self._files, self._names), sum(self.sizes), self.num_inputs)
        return pack(self.ordered(weight_NK), self.ordered(scales_N))

    def _summed(self, both_2TK: torch.Tensor) -> torch.Tensor:
        """The products with both numbers of each input, added up, (T, N): still to be scaled by input."""
        levels = self._levels
        if len(self._packed) == 1:
            first_TN, second_TN = times(both_2TK, levels, self._packed[0]).unbind()
            summed_TN: torch.Tensor = first_TN.add_(second_TN, alpha=0.5 / levels)
            return summed_TN
        y_TN = both_2TK.new_empty(both_2TK.shape[1], self._num_outputs)
        for part_TN, packed in zip(y_TN.split(PART, dim=1), self._packed, strict=True):
            first_TN, second_TN = times(both_2TK, levels, packed).unbind()
            torch.add(first_TN, second_TN, alpha=0.5 / levels, out=part_TN)
        return y_TN


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
