"""One layer of a decoder: attention and MLP, with the norms that the family has."""

from collections.abc import Callable, Sequence
from math import sqrt

import torch
from torch.nn import functional

from finetab.core.tensor_file import TensorFiles
from finetab.engine.int8.attention import attended
from finetab.engine.int8.linear import Linear
from finetab.engine.int8.names import NAMES, head_order, qkv_order
from finetab.engine.int8.shape import ACTIVATIONS, Shape
from finetab.engine.int8.step import Batch, Step


class Norm:
    """RMS norm, or layer norm where the file has a bias. Gemma's weights are kept as their distance from one."""

    def __init__(self, files: TensorFiles, name: str, shape: Shape) -> None:
        weight = norm_weight(files, name, shape)
        self._bias = files.read(f"{name}.bias") if f"{name}.bias" in files else None
        self._size = tuple(weight.shape)
        self._epsilon = shape.epsilon
        self._weight = weight if self._bias is not None else rms_weight(weight)
        self._least = rms_least(self._size[0], shape.epsilon)

    def __call__(self, x_TH: torch.Tensor) -> torch.Tensor:
        """The tokens at one size."""
        if self._bias is None:
            return (x_TH / rms(x_TH, self._least)).mul_(self._weight)
        return functional.layer_norm(x_TH, self._size, self._weight, self._bias, self._epsilon)


def rms(x: torch.Tensor, least: torch.Tensor) -> torch.Tensor:
    """The root of the summed squares of the last dimension, epsilon among them.

    What is divided by it is multiplied by `rms_weight`. For one token torch's own RMS norm takes twice as long.
    """
    root: torch.Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return root.hypot_(least)


def rms_weight(weight: torch.Tensor) -> torch.Tensor:
    """A norm's weights, for sums instead of means."""
    return weight * sqrt(weight.shape[-1])


def rms_least(size: int, epsilon: float) -> torch.Tensor:
    """What epsilon adds to a mean of squares, as a side of the right-angled triangle that `rms` is the long side of."""
    return torch.tensor(sqrt(size * epsilon))


def norm_weight(files: TensorFiles, name: str, shape: Shape) -> torch.Tensor:
    """By what a norm multiplies."""
    weight = files.read(f"{name}.weight")
    return weight.add_(1.0) if shape.family == "gemma3_text" else weight


class Layer:
    """The layer of a number; evaluates tokens after those of a cache."""

    def __init__(self, files: TensorFiles, shape: Shape, index: int) -> None:
        names = NAMES[shape.family]
        start = f"{names.layers}.{index}."

        def norm(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
            return Norm(files, start + name, shape) if name else _unchanged

        self._index, self._shape = index, shape
        self._window, self._turning = shape.layers[index].window, shape.layers[index].turning
        self._attention_norm, self._attention_end = norm(names.attention_norm), norm(names.attention_end_norm)
        self._mlp_norm, self._mlp_end = norm(names.mlp_norm), norm(names.mlp_end_norm)
        dims = self._turning.dims
        self._qkv = Linear(files, [start + name for name in names.qkv], qkv_order(shape, dims))
        self._head_norm: torch.Tensor | None = None
        if names.query_norm:
            parts = (names.query_norm, shape.num_heads), (names.key_norm, shape.num_kv_heads)
            weights = [norm_weight(files, start + name, shape).expand(count, -1) for name, count in parts]
            self._head_norm = rms_weight(torch.cat(weights)[:, head_order(shape.head_dim, dims)].contiguous())
        self._least = rms_least(shape.head_dim, shape.epsilon)
        self._out = Linear(files, [start + names.out])
        self._up = Linear(files, [start + name for name in names.up])
        self._is_gated = len(names.up) == 2
        self._activation = ACTIVATIONS[shape.activation]
        self._down = Linear(files, [start + names.down])

    @property
    def linears(self) -> tuple[Linear, ...]:
        """Those that an adapter may add to."""
        return self._qkv, self._out, self._up, self._down

    def __call__(self, x_TH: torch.Tensor, batch: Batch, ends: Sequence[Step]) -> torch.Tensor:
        """The tokens of `ends`, all or the last of each step, one layer further.

        The keys and values of all tokens go into the caches.
        """
        seen_TH = self._attention_end(self._attention(self._attention_norm(x_TH), batch, ends))
        x_TH = batch.at(ends, x_TH)
        if self._shape.is_parallel:
            return self._mlp(self._mlp_norm(x_TH), batch.adapter).add_(seen_TH).add_(x_TH)
        x_TH = x_TH + seen_TH
        return self._mlp_end(self._mlp(self._mlp_norm(x_TH), batch.adapter)) + x_TH

    def _attention(self, x_TH: torch.Tensor, batch: Batch, ends: Sequence[Step]) -> torch.Tensor:
        shape = self._shape
        turning = shape.num_heads + shape.num_kv_heads
        heads_TNd = self._qkv(x_TH, batch.adapter).view(len(x_TH), -1, shape.head_dim)
        turned_TNd = heads_TNd[:, :turning]
        if self._head_norm is not None:
            turned_TNd.div_(rms(turned_TNd, self._least)).mul_(self._head_norm)
        pairs = torch.view_as_complex(turned_TNd[..., : self._turning.dims].unflatten(-1, (-1, 2)))
        pairs.mul_(batch.turned(self._turning))
        if len(batch.steps) == 1:
            return self._out(self._attended(heads_TNd, batch.steps[0], ends[0]), batch.adapter)
        parts = heads_TNd.split([step.stop - step.start for step in batch.steps])
        seen = [self._attended(part, step, end) for part, step, end in zip(parts, batch.steps, ends, strict=True)]
        return self._out(torch.cat(seen), batch.adapter)

    def _attended(self, heads_TNd: torch.Tensor, step: Step, end: Step) -> torch.Tensor:
        """What the tokens of one prompt's end see of it, (T of the end, heads * head size)."""
        shape = self._shape
        view = end.view(self._window)
        keys, values = step.cache.store(self._index, heads_TNd[:, shape.num_heads :], view.first, step.start, step.stop)
        queries_TNd = heads_TNd[end.start - end.stop :, : shape.num_heads]
        return attended(queries_TNd, keys, values, view.mask, shape.attention_scale)

    def _mlp(self, x_TH: torch.Tensor, adapter: str) -> torch.Tensor:
        inner_TI = self._up(x_TH, adapter)
        if self._is_gated:
            gate_TI, inner_TI = inner_TI.chunk(2, dim=-1)
            return self._down(self._activation(gate_TI).mul_(inner_TI), adapter)
        return self._down(self._activation(inner_TI), adapter)


def _unchanged(x_TH: torch.Tensor) -> torch.Tensor:
    return x_TH
