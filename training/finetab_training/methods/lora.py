"""LoRA and its kin: low-rank additions to all linear layers, on full-precision or on 4-bit weights.

Sources: LoRA, Hu et al. 2021 (arXiv 2106.09685); QLoRA, Dettmers et al. 2023 (arXiv 2305.14314), NF4 with double
quantisation, additions on every linear layer; rsLoRA, Kalajdzievski 2023 (arXiv 2312.03732); DoRA, Liu et al.
2024 (arXiv 2402.09353); EVA, Paischer et al. 2024 (arXiv 2410.07170).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer

from finetab.core.models import Quantisation
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.options import checked_options
from finetab_training.methods.saving import save_peft, take_values
from finetab_training.methods.sentinels import trainable_rows, use_row_sums

_LOOKED_AT = 16  # batches whose inputs give the directions
_KEPT_A_BATCH, _KEPT_INPUTS = 256, 4096  # vectors a layer
Start = Callable[[PeftModel, Target], None]
"""Gives the additions their first values."""


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """`r`: rank of the additions; `alpha`: their scale is alpha / r; `dropout`: of their inputs while training."""

    r: int = 16
    alpha: int = 32
    dropout: float = 0.0


def lora_config(target: Target, options: Mapping[str, Any], **extra: Any) -> LoraConfig:
    """PEFT's config for additions to all linear layers, and for the target's new rows."""
    return LoraConfig(
        r=options["r"],
        lora_alpha=options["alpha"],
        lora_dropout=options["dropout"],
        target_modules="all-linear",
        bias="none",
        task_type=target.task,
        trainable_token_indices=trainable_rows(target),
        **extra,
    )


@dataclass(frozen=True, slots=True)
class LoraMethod:
    """See `Method`. `extra` are PEFT's own options that make one of the kin; `start` gives first values from data."""

    name: str
    quantisation: Quantisation
    extra: Mapping[str, Any] = field(default_factory=dict)
    start: Start | None = None

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `Method.options`."""
        return checked_options(self.name, LoraOptions, given)

    def apply(self, target: Target, options: Mapping[str, Any]) -> Tuned:
        """See `Method.apply`."""
        config = lora_config(target, options, **self.extra)
        model: PeftModel = get_peft_model(target.model, config)
        if target.start is not None:
            take_values(model, target.start)
        elif self.start is not None:
            self.start(model, target)
        use_row_sums(model)
        return Tuned(model, partial(save_peft, model))


def _start_from_inputs(model: PeftModel, target: Target) -> None:
    """EVA: the first factor holds the main directions of each layer's inputs, the second one is zero as ever.

    PEFT's own way goes round the data until nothing changes, which on little data is never; here the directions are
    those of the inputs that a few batches give.
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer) and module.r}
    seen: dict[str, list[torch.Tensor]] = {name: [] for name in layers}
    hooks = [
        layer.register_forward_pre_hook(partial(_keep_inputs, seen[name]))
        for name, layer in layers.items()
        if isinstance(layer, torch.nn.Module)
    ]
    with torch.inference_mode():
        for batch in islice(target.batches(), _LOOKED_AT):
            model(**{name: tensor.to(target.model.device) for name, tensor in batch.items()})
    for hook in hooks:
        hook.remove()
    for name, layer in layers.items():
        inputs_NH = torch.cat(seen.pop(name))
        _, _, directions_HR = torch.svd_lowrank(inputs_NH, q=min(layer.r["default"], *inputs_NH.shape), niter=4)
        with torch.no_grad():
            weight = cast(torch.nn.Linear, layer.lora_A["default"]).weight
            weight[: directions_HR.shape[1]] = directions_HR.T.to(weight)


def _keep_inputs(kept: list[torch.Tensor], layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """A pre-forward hook: a few of the vectors that come into a layer, (N, hidden), on the CPU."""
    room = _KEPT_INPUTS - sum(map(len, kept))
    if room > 0:
        vectors_NH = inputs[0].reshape(-1, inputs[0].shape[-1])
        some_NH = vectors_NH[:: max(1, len(vectors_NH) // _KEPT_A_BATCH)][:room]
        kept.append(some_NH.to("cpu", torch.float32, copy=True))  # a view would keep them all


LORA = LoraMethod("lora", "none")
QLORA = LoraMethod("qlora", "nf4")
RSLORA = LoraMethod("rslora", "nf4", {"use_rslora": True})
DORA = LoraMethod("dora", "nf4", {"use_dora": True})
EVA = LoraMethod("eva", "nf4", start=_start_from_inputs)
