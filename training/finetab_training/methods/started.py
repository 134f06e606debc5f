"""Techniques that begin by moving a part of the weights into the additions: PiSSA and LoftQ.

What is saved is the difference that training made, as plain LoRA of twice the rank on the untouched base, so that
such an adapter is served, merged and composed like any other.

Sources: PiSSA, Meng et al. 2024 (arXiv 2404.02948); LoftQ, Li et al. 2023 (arXiv 2310.08659).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from bitsandbytes.functional import dequantize_4bit
from peft import PeftModel, get_peft_model
from safetensors import safe_open

from finetab.core.models import Quantisation
from finetab.errors import BadSetting
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.lora import LoraOptions, lora_config
from finetab_training.methods.options import checked_options
from finetab_training.methods.saving import factors, save_difference
from finetab_training.methods.sentinels import use_row_sums


@dataclass(frozen=True, slots=True)
class StartedMethod:
    """See `Method`."""

    name: str
    quantisation: Quantisation
    init: str | bool
    """PEFT's `init_lora_weights`."""
    start: Callable[[PeftModel, Target], None] | None = None

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `Method.options`."""
        return checked_options(self.name, LoraOptions, given)

    def apply(self, target: Target, options: Mapping[str, Any]) -> Tuned:
        """See `Method.apply`."""
        model: PeftModel = get_peft_model(target.model, lora_config(target, options, init_lora_weights=self.init))
        if self.start is not None:
            self.start(model, target)
        use_row_sums(model)
        return Tuned(model, partial(save_difference, model, factors(model)))


def _undo_rounding(model: PeftModel, target: Target) -> None:
    """The additions begin as the nearest low-rank matrix to what rounding to 4 bits took away.

    PEFT's own helper works on CUDA and on unsharded files only.
    """
    if target.folder is None:
        raise BadSetting("loftq needs the full-precision weights of its base in a folder; use qlora.")
    stored = {name: file for file in sorted(target.folder.glob("*.safetensors")) for name in _names(file)}
    for name, found in model.get_base_model().named_modules():
        module: Any = found
        layer: Any = getattr(module, "base_layer", None)
        if type(layer).__name__ == "Linear4bit":
            exact = _stored_weight(stored, f"{name}.weight").to(layer.weight.device)
            rounded = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
            rank, scale = module.r["default"], module.scaling["default"]
            u, s, v = torch.linalg.svd(exact - rounded, full_matrices=False)
            root = (s[:rank] / scale).sqrt()
            with torch.no_grad():
                module.lora_A["default"].weight.copy_(root[:, None] * v[:rank])
                module.lora_B["default"].weight.copy_(u[:, :rank] * root)


def _names(file: Path) -> list[str]:
    with safe_open(file, "pt") as tensors:
        return list(tensors.keys())


def _stored_weight(stored: dict[str, Path], name: str) -> torch.Tensor:
    if name not in stored:
        raise BadSetting(f"loftq finds no full-precision weight {name} in safetensors beside the base; use qlora.")
    with safe_open(stored[name], "pt") as tensors:
        weight: torch.Tensor = tensors.get_tensor(name)
    return weight.float()


PISSA = StartedMethod("pissa", "none", "pissa")
LOFTQ = StartedMethod("loftq", "nf4", True, _undo_rounding)
