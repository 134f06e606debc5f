"""AdaLoRA: low-rank additions in singular form, whose ranks are moved while training to where they matter.

Source: Zhang et al. 2023 (arXiv 2303.10512).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast
from warnings import filterwarnings

import torch
from peft import AdaLoraConfig, AdaLoraModel, LoraConfig, PeftModel, get_peft_model
from peft.tuners.adalora import AdaLoraLayer
from safetensors.torch import save_file

from finetab.adapters.library import WEIGHTS
from finetab.core.models import Quantisation
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.options import checked_options
from finetab_training.methods.saving import factors, padded
from finetab_training.methods.sentinels import trainable_rows, use_row_sums

# When ranks are moved, as shares of all steps: after the first tenth, until seven tenths are over.
_FIRST, _LAST = 0.1, 0.3
_MIN_STEPS = 10  # below, there is no room for moving anything


@dataclass(frozen=True, slots=True)
class AdaLoraOptions:
    """`r`: mean rank at the end; `first_r`: every layer's rank at the start; `orthogonality`: its penalty's weight."""

    r: int = 16
    first_r: int = 24
    alpha: int = 32
    dropout: float = 0.0
    orthogonality: float = 0.1


@dataclass(frozen=True, slots=True)
class AdaLoraMethod:
    """See `Method`."""

    quantisation: Quantisation = "nf4"

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `Method.options`."""
        return checked_options("adalora", AdaLoraOptions, given)

    def apply(self, target: Target, options: Mapping[str, Any]) -> Tuned:
        """See `Method.apply`."""
        steps = max(target.total_steps, _MIN_STEPS)
        config = AdaLoraConfig(
            init_r=max(options["first_r"], options["r"]),
            target_r=options["r"],
            lora_alpha=options["alpha"],
            lora_dropout=options["dropout"],
            target_modules="all-linear",
            task_type=target.task,
            tinit=round(_FIRST * steps),
            tfinal=round(_LAST * steps),
            deltaT=max(1, steps // 100),
            total_step=steps,
            trainable_token_indices=trainable_rows(target),
        )
        model: PeftModel = get_peft_model(target.model, config)
        # A layer may give up all its directions; PEFT warns of that at each checkpoint, meaning something else.
        filterwarnings("ignore", r"Adapter 'default': \d+ LoRA tensor")
        use_row_sums(model)
        return Tuned(
            model,
            partial(_save_as_lora, model),
            after_step=cast(AdaLoraModel, model.base_model).update_and_allocate,
            penalty=partial(_orthogonality, model, options["orthogonality"]),
        )


def _save_as_lora(model: PeftModel, folder: Path) -> None:
    """Plain LoRA: the singular values and the scale are multiplied into the factors, directions given up are zero."""
    tensors = {name: weight for name, weight in factors(model).items() if "lora_" not in name}
    config = cast(AdaLoraConfig, model.peft_config["default"])
    for name, module in model.named_modules():
        layer: Any = module
        if isinstance(module, AdaLoraLayer):
            scale = layer.scaling["default"] / (float(layer.ranknum["default"]) + 1e-5)
            scaled = (layer.lora_A["default"] * layer.lora_E["default"] * scale).detach()
            other = layer.lora_B["default"].detach()
            # A model that went back to its best step holds the directions only that were left there.
            one, other = padded(scaled, other, config.init_r)
            tensors |= {f"{name}.lora_A.weight": one, f"{name}.lora_B.weight": other}
    plain = LoraConfig(
        r=config.init_r, lora_alpha=config.init_r, target_modules=config.target_modules, task_type=config.task_type,
        base_model_name_or_path=config.base_model_name_or_path, modules_to_save=config.modules_to_save,
        trainable_token_indices=config.trainable_token_indices, inference_mode=True,
    )  # fmt: skip
    plain.save_pretrained(str(folder))
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def _orthogonality(model: PeftModel, weight: float) -> torch.Tensor | None:
    """How far the singular directions are from being orthogonal, as the paper penalises it.

    PEFT adds it only to a loss that the model itself computes.
    """
    distances = [
        torch.linalg.matrix_norm(product - torch.eye(len(product), device=product.device))
        for name, factor in model.named_parameters()
        if "lora_A" in name or "lora_B" in name
        for product in [factor @ factor.T if "lora_A" in name else factor.T @ factor]
    ]
    return weight * torch.stack(distances).mean() if weight and distances else None


ADALORA = AdaLoraMethod()
