"""Full fine-tuning: every weight is trained and saved. What all others are measured against."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import save_model
from transformers import PreTrainedModel

from finetab.adapters.library import WHOLE_WEIGHTS
from finetab.core.models import Quantisation
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.options import checked_options
from finetab_training.methods.vectors import NoOptions


@dataclass(frozen=True, slots=True)
class FullMethod:
    """See `Method`."""

    quantisation: Quantisation = "none"

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `Method.options`."""
        return checked_options("full", NoOptions, given)

    def apply(self, target: Target, options: Mapping[str, Any]) -> Tuned:
        """See `Method.apply`."""
        target.model.requires_grad_(True)
        return Tuned(target.model, partial(_save, target.model))


def _save(model: PreTrainedModel, folder: Path) -> None:
    save_model(model, str(folder / WHOLE_WEIGHTS))


FULL = FullMethod()
