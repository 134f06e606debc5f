"""A model's layers factored: what each loses at each rank, the ranks that fit a ratio, the factors put in place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from finetab.core.factored import Factored, put_factors
from finetab.core.products import fast_products
from finetab_training.compress.calibration import grams, in_groups, linear_layers
from finetab_training.compress.ranks import Layer, choose_ranks
from finetab_training.compress.spectrum import Spectrum, spectrum
from finetab_training.compress.task import NEXT_TOKEN, Task

_PROBED_SHARE = 0.5  # of the rank at which factoring begins to pay: where a layer's weight in the answers is seen
_TINY = 1e-30
_EACH_ANSWER = 4  # one in so many is compared: each is as long as the vocabulary


@dataclass(frozen=True, slots=True)
class Text:
    """Rows to look at inputs with, and rows to look at answers with; `task` is what they are rows of."""

    calibration: Sequence[Any]
    probes: Sequence[Any]
    task: Task = NEXT_TOKEN


def factor(model: PreTrainedModel, ratio: float, text: Text | None, advance: Callable[[str], None]) -> dict[str, int]:
    """Factor a model's layers in place until `ratio` of their numbers is left; the ranks by name.

    With text the factors keep the outputs and the ranks follow how far each layer moves the answers; without it, plain
    SVD, the factors keep the weights, and every layer counts by its own relative error.
    """
    layers = []
    answers = _answers(model, text) if text else ()
    for name, layer, found in _spectra(model, linear_layers(model), text):
        errors = found.errors()
        scale = 1 / float(errors[0].clamp(min=_TINY))
        if text:
            probe = _probe_rank(layer)
            with _factored_for_now(model, name, layer, found, probe):
                harm = _harm(answers, _answers(model, text))
            scale = max(harm, _TINY) / float(errors[probe].clamp(min=_TINY))
        layers.append(Layer(name, layer.out_features, layer.in_features, (errors * scale).tolist()))
        advance("looking")
    ranks = choose_ranks(layers, ratio)
    # The layers of each group see what the factored ones before them give.
    chosen = {name: layer for name, layer in linear_layers(model).items() if name in ranks}
    for name, layer, found in _spectra(model, chosen, text):
        _put(model, name, layer, found, ranks[name])
        advance("factoring")
    return ranks


@torch.inference_mode()
def _answers(model: PreTrainedModel, text: Text) -> tuple[torch.Tensor, ...]:
    """What a model says of the probes, as log-probabilities."""
    with fast_products(are_exact=True):
        return tuple(text.task.logits(model, row, _EACH_ANSWER).log_softmax(-1) for row in text.probes)


def _harm(before: tuple[torch.Tensor, ...], after: tuple[torch.Tensor, ...]) -> float:
    """How far answers have moved, in nats an answer: the Kullback-Leibler divergence.

    It is never below zero, and grows with the squared error of the outputs. A few probes' loss does neither: by chance
    it falls, and the layer would count as free. Nor does the divergence as it is defined where rounding is larger than
    it: so each part is written as e^d - 1 - d, with d the move of a logarithm, which is no difference of large sums.
    """
    before_NC, moved_NC = torch.cat(before), torch.cat(after) - torch.cat(before)
    return float((before_NC.exp() * (moved_NC.expm1() - moved_NC)).sum(-1).mean())


def _spectra(
    model: PreTrainedModel, layers: Mapping[str, nn.Linear], text: Text | None
) -> Iterator[tuple[str, nn.Linear, Spectrum]]:
    """Each layer with its spectrum, seen through the inputs that it gets when its group's turn comes."""
    for group in in_groups(layers):
        seen = grams(model, group, text.calibration, text.task) if text else {}
        for name, layer in group.items():
            yield name, layer, spectrum(layer.weight.detach(), seen.get(name))


def _probe_rank(layer: nn.Linear) -> int:
    size, both = layer.in_features * layer.out_features, layer.in_features + layer.out_features
    return max(1, int(_PROBED_SHARE * size / both))


@contextmanager
def _factored_for_now(
    model: PreTrainedModel, name: str, layer: nn.Linear, found: Spectrum, rank: int
) -> Iterator[None]:
    _put(model, name, layer, found, rank)
    try:
        yield
    finally:
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, layer)


def _put(model: PreTrainedModel, name: str, layer: nn.Linear, found: Spectrum, rank: int) -> None:
    put_factors(model, {name: rank})
    factored = model.get_submodule(name)
    assert isinstance(factored, Factored)
    down, up = found.factors(rank)
    factored.to(layer.weight.device)
    with torch.no_grad():
        factored.down.weight.copy_(down)
        factored.up.weight.copy_(up)
        if layer.bias is not None:
            factored.up.bias.copy_(layer.bias)


def num_numbers(model: PreTrainedModel) -> int:
    """Numbers in the linear layers; a factored one is two of them."""
    return sum(layer.weight.numel() for layer in linear_layers(model).values())
