"""The learning rate of each technique: the same rule, steps and rows for each; the validation rows decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetab.errors import FinetabError
from finetab_training.compare.config import Comparison, Technique
from finetab_training.compare.training import Figures
from finetab_training.config import RunConfig

MAX_BEYOND = 2
"""How many more rates are tried where the best is the lowest or the highest so far."""


@dataclass(frozen=True, slots=True)
class Try:
    """A rate, as a multiple of the technique's own, and the loss of the validation rows; None: it was no number."""

    rate: float
    loss: float | None


def search(
    comparison: Comparison, technique: Technique, data: Path, folder: Path, train: Callable[[RunConfig], Figures]
) -> tuple[Try, ...]:
    """Try every rate, and go on where the best lies at an edge; nothing is tried where there is only one rate.

    The best one first.
    """
    if len(comparison.rates) == 1:
        return (Try(comparison.rates[0], None),)

    def tried(rate: float) -> Try:
        config = comparison.run_config(technique, data, folder / f"{rate:g}", rate=rate, seed=None)
        return Try(rate, train(config).loss)

    found = _best_first([tried(rate) for rate in comparison.rates])
    if found[0].loss is None:
        rates = ", ".join(f"{technique.learning_rate * rate:g}" for rate in comparison.rates)
        raise FinetabError(f"At none of the learning rates {rates} was the loss a number; name a lower one.")
    for _ in range(MAX_BEYOND):
        if not is_at_edge(found):
            break
        found = _best_first([*found, tried(_beyond(found))])
    return tuple(found)


def is_at_edge(found: Sequence[Try]) -> bool:
    """Whether the first of those tried is the lowest or the highest rate of several: one beyond it may be better."""
    rates = [each.rate for each in found]
    return len(rates) > 1 and rates[0] in (min(rates), max(rates))


def _best_first(tries: Sequence[Try]) -> list[Try]:
    return sorted(tries, key=lambda each: float("inf") if each.loss is None else each.loss)


def _beyond(found: Sequence[Try]) -> float:
    """The rate that is as far beyond the edge as the one next to the edge lies within."""
    edge = found[0].rate
    nearest = min((each.rate for each in found[1:]), key=lambda rate: max(rate / edge, edge / rate))
    return float(f"{edge * edge / nearest:.6g}")
