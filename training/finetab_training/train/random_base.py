"""A base of the right shape with random weights: for memory and speed, which do not ask what the numbers are."""

from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from bitsandbytes.nn.modules import Linear4bit, Params4bit
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from finetab.core.bases import known_base, real_name
from finetab.core.models import Quantisation, keep_trainable
from finetab.core.weights import base_folder
from finetab.errors import BadFile, MissingWeights

_SPREAD = 0.02  # of random weights, as models are begun with


def base_shape(name: str) -> PretrainedConfig:
    """The config of a base: from its folder, else from the table, which has that of the reference base.

    Raises `MissingWeights` where neither is on this machine, `BadFile` for a config that transformers cannot read.
    """
    try:
        folder: Path | None = base_folder(name)
    except MissingWeights:
        folder = None
    if folder is not None:
        try:
            shape: PretrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        except (OSError, ValueError, KeyError) as error:
            raise BadFile(f"The config in {folder} could not be read: {error}") from error
        return shape
    base = known_base(name)
    if base is None or not base.shape:
        raise MissingWeights(
            f"Neither the weights nor the shape of {real_name(name)} are on this machine; "
            f"run: finetab models fetch {name}"
        )
    return AutoConfig.for_model(base.model_type, **base.shape)


def empty_model(shape: PretrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """The model without any memory for its weights: they are on the `meta` device."""
    with init_empty_weights(include_buffers=False):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(shape, dtype=dtype)
    model.tie_weights()
    return model


def random_model(
    shape: PretrainedConfig, device: torch.device, dtype: torch.dtype, quantisation: Quantisation
) -> PreTrainedModel:
    """The model with random weights, one layer after the other, so that no more is ever held than at the end."""
    model = empty_model(shape, dtype)
    head = model.get_output_embeddings()
    modules: list[tuple[str, nn.Module]] = list(model.named_modules())
    for name, module in modules:
        if quantisation == "nf4" and isinstance(module, nn.Linear) and module is not head:
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, _in_4_bits(module, device, dtype))
        else:
            for part, weight in module.named_parameters(recurse=False):
                setattr(module, part, nn.Parameter(_random(weight, device, dtype)))
            for part, buffer in module.named_buffers(recurse=False):
                setattr(module, part, buffer.to(device))
    model.tie_weights()
    if quantisation == "nf4":
        keep_trainable(model)
        setattr(model, "is_loaded_in_4bit", True)  # noqa: B010 - what PEFT asks for, and no attribute of the class
    model.requires_grad_(requires_grad=quantisation == "none")
    model.eval()
    return model


def _random(weight: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(weight.shape, device=device, dtype=dtype).normal_(0.0, _SPREAD)


def _in_4_bits(module: nn.Linear, device: torch.device, dtype: torch.dtype) -> nn.Module:
    options: dict[str, Any] = {"compress_statistics": True, "quant_type": "nf4"}
    small: nn.Module = Linear4bit(
        module.in_features, module.out_features, module.bias is not None, dtype, device="meta", **options
    )
    weight: Any = Params4bit(_random(module.weight, device, dtype), requires_grad=False, **options)
    small.weight = weight.to(device)  # rounded when it is moved
    if module.bias is not None:
        small.bias = nn.Parameter(_random(module.bias, device, dtype), requires_grad=False)
    return small
