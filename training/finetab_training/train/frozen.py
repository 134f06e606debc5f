"""Frozen linear layers in a processor's training step: the gradient flows back through them in 8 bits.

The way forward is exact, and so is the loss. A frozen layer's weights are needed once more on the way back, for the
gradient of its inputs. There they are rounded to 8 bits, once, with a scale for each input, and each token's gradient
with a scale of its own, as SwitchBack does on GPUs (Wortsman et al. 2023, arXiv 2304.13013); this product takes less
than half of the time then. To round what goes forward as well would cost more than it brings: what comes into some
layers has a few numbers far larger than the rest. `benchmarks/train_speed.py` has the gain, and how little the
gradients turn.

What LoRA adds goes into the layer's own outputs, and its gradient into that of the layer's inputs, so that neither is
made apart, scaled and added.
"""

from typing import Any, cast

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn

from finetab.core.device import multiplies_bfloat16
from finetab.engine.int8.packing import input_levels, is_kernel_here, pack, rounded, times

_FULL_LEVELS = 127  # of inputs that may have all 8 bits: without VNNI there is little to gain
_SMALLEST = torch.finfo(torch.float32).tiny


def can_round(device: torch.device) -> bool:
    """Whether a training step is faster for it there; with bfloat16 products it is fast already."""
    quick = device.type == "cpu" and is_kernel_here() and input_levels() == _FULL_LEVELS
    return quick and not multiplies_bfloat16(device)


def use_rounded_gradients(model: Any) -> int:
    """Make the frozen float32 layers of a model, its head aside, send gradients back in 8 bits; gives their number.

    It holds a byte for each of their weights besides. None are changed where it does not pay: see `can_round`.
    """
    if not can_round(model.device):
        return 0
    head = set(model.get_output_embeddings().modules())
    linears = [module for module in model.modules() if _is_frozen(module) and module not in head]
    for linear in linears:
        linear.forward = _Frozen(linear)
    for layer in model.modules():
        if isinstance(layer, LoraLinear) and isinstance(vars(layer.base_layer).get("forward"), _Frozen):
            layer.forward = _WithAddition(layer)  # type: ignore[method-assign]
    return len(linears)


def _is_frozen(module: nn.Module) -> bool:
    if type(module) is not nn.Linear or module.weight.dtype != torch.float32:
        return False
    return not any(weight.requires_grad for weight in module.parameters())


class _Frozen:
    """A frozen layer's products: forth with its weights, back with their rounded transpose."""

    def __init__(self, linear: nn.Linear) -> None:
        self._linear = linear
        self._back: list[Any] = []

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, _Product.apply(x, self, None, None, 0.0))  # type: ignore[no-untyped-call]

    def outputs(self, x_TK: torch.Tensor, out_TN: torch.Tensor) -> None:
        """Write the outputs."""
        weight_KN, bias_N = self._linear.weight.T, self._linear.bias
        if bias_N is None:
            torch.mm(x_TK, weight_KN, out=out_TN)
        else:
            torch.addmm(bias_N, x_TK, weight_KN, out=out_TN)

    @property
    def num_outputs(self) -> int:
        """How many outputs it has: N."""
        return self._linear.out_features

    def gradient(self, of_outputs_TN: torch.Tensor) -> torch.Tensor:
        """That of the inputs, (T, K)."""
        if not self._back:
            weight_KN = self._linear.weight.detach().T.contiguous()
            self._back = pack(*rounded([weight_KN], *weight_KN.shape))
        scale_T1 = of_outputs_TN.abs().amax(dim=-1, keepdim=True).clamp_min_(_SMALLEST).div_(_FULL_LEVELS)
        parts = [times(of_outputs_TN / scale_T1, _FULL_LEVELS, part) for part in self._back]
        return (parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)).mul_(scale_T1)


class _WithAddition:
    """PEFT's layer with what a single plain LoRA adds; the layer's own forward pass in every other case."""

    def __init__(self, layer: LoraLinear) -> None:
        self._layer, self._otherwise = layer, layer.forward
        self._frozen: _Frozen = layer.base_layer.forward  # type: ignore[assignment]

    def __call__(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        layer = self._layer
        names = [name for name in layer.active_adapters if name in layer.lora_A]
        if args or kwargs or layer.disable_adapters or layer.merged or len(names) != 1 or not self._is_plain(names[0]):
            return self._otherwise(x, *args, **kwargs)
        a, b = (cast(nn.Linear, factors[names[0]]).weight for factors in (layer.lora_A, layer.lora_B))
        return cast(torch.Tensor, _Product.apply(x, self._frozen, a, b, layer.scaling[names[0]]))  # type: ignore[no-untyped-call]

    def _is_plain(self, name: str) -> bool:
        layer = self._layer
        has_dropout = isinstance(layer.lora_dropout[name], nn.Dropout) and layer.training
        return not (has_dropout or name in layer.lora_variant or layer.lora_bias[name])


class _Product(torch.autograd.Function):
    """A frozen layer's outputs, with `scale` B A x where there is an addition: A (R, K), B (N, R)."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, frozen: _Frozen, a_RK: torch.Tensor | None, b_NR: torch.Tensor | None, scale: float
    ) -> torch.Tensor:
        y = x.new_empty(*x.shape[:-1], frozen.num_outputs)  # no view is given: some methods add to it in place
        x_TK, y_TN = (whole.reshape(-1, whole.shape[-1]) for whole in (x, y))
        frozen.outputs(x_TK, y_TN)
        ctx.frozen, ctx.scale, ctx.is_plain = frozen, scale, a_RK is None
        if a_RK is not None and b_NR is not None:
            low_TR = x_TK @ a_RK.T
            y_TN.addmm_(low_TR, b_NR.T, alpha=scale)
            ctx.save_for_backward(x_TK, low_TR, a_RK, b_NR)
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (of_y,) = grad_outputs
        of_y_TN = of_y.reshape(-1, of_y.shape[-1])
        of_x_TK = ctx.frozen.gradient(of_y_TN) if ctx.needs_input_grad[0] else None
        of_a_RK = of_b_NR = None
        if not ctx.is_plain:
            x_TK, low_TR, a_RK, b_NR = ctx.saved_tensors
            of_low_TR = (of_y_TN @ b_NR).mul_(ctx.scale)
            of_a_RK, of_b_NR = of_low_TR.T @ x_TK, (of_y_TN.T @ low_TR).mul_(ctx.scale)
            if of_x_TK is not None:
                of_x_TK.addmm_(of_low_TR, a_RK)
        of_x = None if of_x_TK is None else of_x_TK.view(*of_y.shape[:-1], -1)
        return of_x, None, of_a_RK, of_b_NR, None
