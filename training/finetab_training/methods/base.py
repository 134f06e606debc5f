"""What a PEFT technique is to finetab: options, something trainable on a model, and what is saved of it.

Nothing here knows of code completion: the model may be a causal one that fills in middles or an encoder that
sorts texts into classes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import torch
from transformers import PreTrainedModel

from finetab.core.models import Quantisation

Task: TypeAlias = Literal["CAUSAL_LM", "SEQ_CLS"]
"""PEFT's names: what a model is trained for."""


@dataclass(frozen=True, slots=True)
class Target:
    """A model to be tuned, and what techniques may want to know of it."""

    model: PreTrainedModel
    task: Task = "CAUSAL_LM"
    rows: tuple[int, ...] = ()
    """Rows of the input embedding that are new to the model and must be learned, such as sentinels."""
    known: tuple[int, ...] = ()
    """Rows of sentinels that the model has been taught, for techniques that train rows alone."""
    folder: Path | None = None
    """Where its full-precision weights stand."""
    batches: Callable[[], Iterable[dict[str, torch.Tensor]]] = tuple
    """What it will be trained on, from the start at each call, for techniques that look at the data first."""
    total_steps: int = 1
    start: Path | None = None
    """An adapter's folder to go on with, in place of fresh additions; asked only of techniques that can."""


def _nothing(step: int) -> None:
    pass


@dataclass(slots=True)
class Tuned:
    """A model with trainable parts on it. `model` is called as the plain one is."""

    model: Any
    save: Callable[[Path], None]
    """Write what is needed beside the base: PEFT's files, or whole weights."""
    after_step: Callable[[int], None] = _nothing
    """Called between the optimiser's step and the clearing of gradients, with the step's number from 1."""
    penalty: Callable[[], torch.Tensor | None] = field(default=lambda: None)
    """What is added to the mean loss of a step."""

    @property
    def num_trainable(self) -> int:
        """Parameters that are trained; a 4-bit weight counts as the numbers that it holds."""
        return sum(weight.numel() for weight in self.model.parameters() if weight.requires_grad)


class Method(Protocol):
    """A technique. Third parties offer one through the entry-point group `finetab.methods`."""

    @property
    def quantisation(self) -> Quantisation:
        """What the base's weights are loaded in."""
        ...

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options with their values; raises `BadSetting` for unknown or ill-typed ones."""
        ...

    def apply(self, target: Target, options: Mapping[str, Any]) -> Tuned:
        """Put trainable parts on the target's model. Changes its modules in place."""
        ...
