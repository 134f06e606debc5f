"""How fast this machine is for a base, as busy as it is now: a few layers of the true width are timed, and the head."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from transformers import PretrainedConfig

from finetab.core.device import multiplies_bfloat16
from finetab.core.products import fast_products
from finetab_training.methods.base import Target
from finetab_training.methods.lora import LORA
from finetab_training.train.attention import use_packed_attention
from finetab_training.train.estimate import thin
from finetab_training.train.frozen import use_rounded_gradients
from finetab_training.train.random_base import random_model

COUNTED_SHARE = 0.35
"""Of a row's tokens, about what samples have by the usual mix."""

_TOKENS = 256
_FEW, _MORE = 1, 3  # layers; what a layer takes is in the difference
_ROUNDS = 3  # of which the quickest counts: the others were disturbed
_HEAD_PARTS = 16  # the head is large: a part of its rows is timed
_HELD_IDS = 20_000  # about as many as a run's rows hold; training cuts a larger head to them (`cut_head.py`)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a token."""

    training: float
    """Forward and backward, of a packed row."""
    reading: float
    """Of a prompt."""
    writing: float
    """Of an answer."""


@contextmanager
def as_in_training(device: torch.device) -> Iterator[None]:
    """Products by the library, and of the numbers, that a run on this device has."""
    halves = torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bfloat16(device))
    with fast_products(are_exact=False), halves:
        yield


def pace_of(shape: PretrainedConfig, device: torch.device, dtype: torch.dtype) -> Pace:
    """Time a base of this shape. Takes seconds on a small one."""
    training, reading, writing = _layers(shape, device, dtype)
    head = _head(shape, device, dtype)
    return Pace(
        training=(training + head(int(COUNTED_SHARE * _TOKENS), True)) / _TOKENS,
        reading=reading / _TOKENS,
        writing=writing + head(1, False),
    )


def _layers(shape: PretrainedConfig, device: torch.device, dtype: torch.dtype) -> list[float]:
    """Seconds that all layers take to train on a row, to read it, and to read one token."""
    found = []
    for layers in (_FEW, _MORE):
        base = random_model(thin(shape, layers), device, dtype, "none")
        use_packed_attention(base, dtype)
        model = LORA.apply(Target(base), LORA.options({})).model
        use_rounded_gradients(model)
        found.append([_seconds(work, device) for work in (_trains(model), _reads(model, _TOKENS), _reads(model, 1))])
    few, more = found
    scale = int(shape.num_hidden_layers) / (_MORE - _FEW)
    return [max(high - low, 0.05 * high) * scale for low, high in zip(few, more, strict=True)]


def _trains(model: Any) -> Callable[[], None]:
    def work() -> None:
        with as_in_training(model.device):
            _forward(model, _TOKENS).float().sum().backward()

    return work


def _reads(model: Any, tokens: int) -> Callable[[], None]:
    def work() -> None:
        with torch.inference_mode():
            _forward(model, tokens)

    return work


def _forward(model: Any, tokens: int) -> torch.Tensor:
    ids = torch.zeros((1, tokens), dtype=torch.long, device=model.device)
    logits: torch.Tensor = model(input_ids=ids, attention_mask=None, use_cache=False, logits_to_keep=1).logits
    return logits


def _head(shape: PretrainedConfig, device: torch.device, dtype: torch.dtype) -> Callable[[int, bool], float]:
    """Seconds that the head takes for so many positions, with or without the way back."""
    rows, width = int(shape.vocab_size) // _HEAD_PARTS, int(shape.hidden_size)
    weight = torch.zeros((rows, width), device=device, dtype=dtype)

    def seconds(positions: int, is_trained: bool) -> float:
        inputs = torch.zeros((positions, width), device=device, dtype=dtype, requires_grad=is_trained)
        targets = torch.zeros(positions, device=device, dtype=torch.long)

        def work() -> None:
            if not is_trained:
                functional.linear(inputs, weight)
                return
            with as_in_training(device):
                functional.cross_entropy(functional.linear(inputs, weight).float(), targets).backward()

        cut = min(1.0, _HELD_IDS / int(shape.vocab_size)) if is_trained else 1.0
        return _seconds(work, device) * _HEAD_PARTS * cut

    return seconds


def _seconds(work: Callable[[], None], device: torch.device) -> float:
    work()
    taken = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - started)
    return min(taken)
