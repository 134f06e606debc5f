"""The learning rate of each technique: as many rates, steps and rows for each; the validation rows decide."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from finetab.errors import FinetabError
from finetab_training.compare.config import Comparison, Technique
from finetab_training.compare.training import Figures
from finetab_training.config import RunConfig


@dataclass(frozen=True, slots=True)
class Try:
    """A rate, as a multiple of the technique's own, and the loss of the validation rows; None: it was no number."""

    rate: float
    loss: float | None


def search(
    comparison: Comparison, technique: Technique, data: Path, folder: Path, train: Callable[[RunConfig], Figures]
) -> tuple[Try, ...]:
    """Try every rate; nothing is tried where there is only one. The best one first."""
    if len(comparison.rates) == 1:
        return (Try(comparison.rates[0], None),)
    tries = []
    for rate in comparison.rates:
        config = comparison.run_config(technique, data, folder / f"{rate:g}", rate=rate, seed=None)
        tries.append(Try(rate, train(config).loss))
    found = sorted(tries, key=lambda each: float("inf") if each.loss is None else each.loss)
    if found[0].loss is None:
        rates = ", ".join(f"{technique.learning_rate * rate:g}" for rate in comparison.rates)
        raise FinetabError(f"At none of the learning rates {rates} was the loss a number; name a lower one.")
    return tuple(found)


def is_at_edge(comparison: Comparison, rate: float) -> bool:
    """Whether a rate that was chosen is the lowest or the highest of several: one beyond it may be better."""
    return len(comparison.rates) > 1 and rate in (min(comparison.rates), max(comparison.rates))
