"""What the linear layers of a model get to see: Gram matrices of their inputs, summed over calibration rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from finetab.core.products import fast_products
from finetab_training.compress.task import NEXT_TOKEN, Task

_GROUP_BYTES = 2 << 30  # of Gram matrices at once
_NUMBER_BYTES = 8


def linear_layers(model: PreTrainedModel) -> dict[str, nn.Linear]:
    """All linear layers by name, but for the head, which is a table of tokens."""
    head = model.get_output_embeddings()
    named = model.named_modules()
    return {name: module for name, module in named if isinstance(module, nn.Linear) and module is not head}


def in_groups(layers: Mapping[str, nn.Linear]) -> Iterator[dict[str, nn.Linear]]:
    """The layers in their order, as many at a time as their Gram matrices leave room for."""
    group: dict[str, nn.Linear] = {}
    taken = 0
    for name, layer in layers.items():
        needed = layer.in_features**2 * _NUMBER_BYTES
        if group and taken + needed > _GROUP_BYTES:
            yield group
            group, taken = {}, 0
        group[name] = layer
        taken += needed
    yield group


@torch.inference_mode()
def grams(
    model: PreTrainedModel, layers: Mapping[str, nn.Linear], rows: Sequence[Any], task: Task = NEXT_TOKEN
) -> dict[str, torch.Tensor]:
    """By layer, the sum of x x' over all inputs x that rows bring to it: (in, in), float64."""
    found = {
        name: torch.zeros((layer.in_features, layer.in_features), dtype=torch.float64) for name, layer in layers.items()
    }
    with _watched(layers, found), fast_products(are_exact=True):
        for row in rows:
            task.read(model, row)
    return found


@contextmanager
def _watched(layers: Mapping[str, nn.Linear], found: dict[str, torch.Tensor]) -> Iterator[None]:
    hooks = [layer.register_forward_pre_hook(partial(_add, found[name])) for name, layer in layers.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _add(gram_II: torch.Tensor, layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """A pre-forward hook."""
    vectors_NI = inputs[0].reshape(-1, inputs[0].shape[-1]).double().cpu()
    gram_II += vectors_NI.T @ vectors_NI
