"""Linear layers as two thin ones, down and up: how a compressed model is written, and read again.

`config.json` of such a model's folder has an entry `finetab_ranks`: the rank of each layer that is factored, by the
name of its module. In the weights `NAME.weight` is replaced by `NAME.down.weight`, (rank, in), and `NAME.up.weight`,
(out, rank); a bias is the one of `NAME.up`. Beside torch, transformers, accelerate and safetensors this file needs
nothing, so that it can be copied to where such a model is to be loaded without finetab: `load_factored(folder)`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from accelerate import init_empty_weights
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

RANKS = "finetab_ranks"
"""The entry of config.json."""


class Factored(nn.Module):
    """A linear layer of low rank: (..., in) to (..., rank) to (..., out)."""

    def __init__(self, inputs: int, rank: int, outputs: int, has_bias: bool, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.down = nn.Linear(inputs, rank, bias=False, dtype=dtype)
        self.up = nn.Linear(rank, outputs, bias=has_bias, dtype=dtype)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The product with both."""
        outputs: torch.Tensor = self.up(self.down(inputs))
        return outputs


def read_ranks(folder: Path) -> dict[str, int]:
    """The ranks of a model's factored layers by their names; none for any other model."""
    found = json.loads((folder / "config.json").read_text("utf-8")).get(RANKS, {})
    return {str(name): int(rank) for name, rank in found.items()}


def put_factors(model: nn.Module, ranks: Mapping[str, int]) -> None:
    """Replace the named linear layers by factored ones whose numbers are still to come."""
    for name, rank in ranks.items():
        parent, _, last = name.rpartition(".")
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        has_bias = layer.bias is not None
        factored = Factored(layer.in_features, rank, layer.out_features, has_bias, layer.weight.dtype)
        setattr(model.get_submodule(parent), last, factored)


def load_factored(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A compressed model from its folder, in evaluation mode. Raises KeyError or RuntimeError for weights that lack."""
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with init_empty_weights(include_buffers=False):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype)
        put_factors(model, read_ranks(folder))
    state: dict[str, torch.Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        state |= {name: value.to(dtype) for name, value in load_file(file).items()}
    _, unexpected = model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    left = [name for name, weight in model.named_parameters() if weight.is_meta]
    if left or unexpected:
        raise KeyError(f"{folder} has {'no ' + left[0] if left else 'an unknown ' + unexpected[0]}")
    model.eval()
    return model
