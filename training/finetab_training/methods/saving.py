"""Reading and writing PEFT's files, and making additions that began with a change to the base into plain LoRA."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn.functional import pad

from finetab.adapters.library import WEIGHTS
from finetab.errors import BadAdapter


def save_peft(model: PeftModel, folder: Path) -> None:
    """PEFT's own files, without the whole embedding and without its page for a hub."""
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)


def take_values(model: PeftModel, folder: Path) -> None:
    """Give the trainable parts the values of an adapter's folder. Raises `BadAdapter` where the parts differ."""
    try:
        values = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise BadAdapter(f"{folder / WEIGHTS} cannot be loaded ({error}); start from another adapter.") from error
    own = factors(model)
    if {name: value.shape for name, value in values.items()} != {name: value.shape for name, value in own.items()}:
        raise BadAdapter(f"{folder} adds other parts than this run trains; start from another adapter, or from base.")
    set_peft_model_state_dict(model, values)


def factors(model: PeftModel) -> dict[str, torch.Tensor]:
    """Copies of all trained values, by PEFT's names."""
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: weight.detach().clone() for name, weight in state.items()}


def padded(a_RK: torch.Tensor, b_NR: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A layer's factors filled up with zeros to the rank that the config tells: PEFT loads no others."""
    missing = rank - len(a_RK)
    return pad(a_RK, (0, 0, 0, missing)).contiguous(), pad(b_NR, (0, missing)).contiguous()


def save_difference(model: PeftModel, start: dict[str, torch.Tensor], folder: Path) -> None:
    """Plain LoRA of twice the rank that adds to the untouched base what training changed since `start`.

    With W' = W - B0 A0 (the base as changed at the start), W' + B A = W + [B, -B0] [A; A0].
    """
    joined = {name: _joined(name, weight, start[name]).contiguous() for name, weight in factors(model).items()}
    config = cast(LoraConfig, model.peft_config["default"])
    # alpha / r is the scale: both double.
    plain = replace(
        config, r=2 * config.r, lora_alpha=2 * config.lora_alpha, init_lora_weights=True, inference_mode=True
    )
    plain.save_pretrained(str(folder))
    save_file(joined, folder / WEIGHTS, metadata={"format": "pt"})


def _joined(name: str, ended: torch.Tensor, started: torch.Tensor) -> torch.Tensor:
    if "lora_A" in name:
        return torch.cat([ended, started], dim=0)
    return torch.cat([ended, -started], dim=1) if "lora_B" in name else ended
