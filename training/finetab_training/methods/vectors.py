"""Techniques that train vectors only: VeRA, IA3, and rows of the embedding.

Sources: VeRA, Kopiczko et al. 2023 (arXiv 2310.11454); IA3, Liu et al. 2022 (arXiv 2205.05638).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from warnings import catch_warnings, filterwarnings

from peft import IA3Config, PeftConfig, PeftModel, TrainableTokensConfig, VeraConfig, get_peft_model

from finetab.core.models import Quantisation
from finetab.errors import BadSetting
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.options import checked_options
from finetab_training.methods.saving import save_peft
from finetab_training.methods.sentinels import input_embedding_name, use_row_sums


@dataclass(frozen=True, slots=True)
class VeraOptions:
    """`r`: rank of the shared matrices; `dropout`: of the layers' inputs while training."""

    r: int = 256
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Nothing to choose."""


@dataclass(frozen=True, slots=True)
class VectorMethod:
    """See `Method`."""

    name: str
    option_kind: type
    config: Callable[[Target, Mapping[str, Any]], PeftConfig]
    quantisation: Quantisation = "nf4"

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `Method.options`."""
        return checked_options(self.name, self.option_kind, given)

    def apply(self, target: Target, options: Mapping[str, Any]) -> Tuned:
        """See `Method.apply`."""
        try:
            with catch_warnings():
                # A tied head shares the rows, but nothing ever asks it for a sentinel.
                filterwarnings("ignore", "Model has `tie_word_embeddings")
                model: PeftModel = get_peft_model(target.model, self.config(target, options))
        except ValueError as error:
            raise BadSetting(f"{self.name} does not fit this model: {error}") from error
        use_row_sums(model)
        return Tuned(model, partial(save_peft, model))


def _vera(target: Target, options: Mapping[str, Any]) -> PeftConfig:
    return VeraConfig(
        r=options["r"], vera_dropout=options["dropout"], target_modules="all-linear", task_type=target.task,
        save_projection=True,
    )  # fmt: skip


def _ia3(target: Target, options: Mapping[str, Any]) -> PeftConfig:
    return IA3Config(task_type=target.task)  # PEFT knows each architecture's keys, values and inner activations


def _tokens(target: Target, options: Mapping[str, Any]) -> PeftConfig:
    rows = list(target.rows or target.known)
    if not rows:
        raise BadSetting("tokens trains the rows of sentinels, and this model has none; use lora.")
    return TrainableTokensConfig(
        target_modules=[input_embedding_name(target.model)], token_indices=rows, task_type=target.task
    )


VERA = VectorMethod("vera", VeraOptions, _vera)
IA3 = VectorMethod("ia3", NoOptions, _ia3)
TOKENS = VectorMethod("tokens", NoOptions, _tokens)
