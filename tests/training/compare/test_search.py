"""The search of learning rates: the least loss wins, what is no number never does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finetab.errors import FinetabError
from finetab_training.compare.config import Comparison, make_comparison
from finetab_training.compare.search import Try, is_at_edge, search
from finetab_training.compare.training import Figures
from finetab_training.config import RunConfig


@pytest.fixture
def comparison(entries: dict[str, Any]) -> Comparison:
    return make_comparison(entries | {"rates": [0.5, 1, 2]})


def trains(losses: dict[float, float | None]) -> Callable[[RunConfig], Figures]:
    """What a training comes to at each learning rate."""

    def train(config: RunConfig) -> Figures:
        loss = losses[round(config.learning_rate, 6)]
        return Figures(loss, 3.0, 1, 1, 1.0, 1.0, 1.0, config.max_steps)

    return train


def test_the_rate_with_the_least_loss_comes_first(comparison: Comparison) -> None:
    found = search(
        comparison, comparison.techniques[1], Path("d"), Path("f"), trains({0.005: 2.0, 0.01: None, 0.02: 1.5})
    )
    assert found == (Try(2.0, 1.5), Try(0.5, 2.0), Try(1.0, None))
    assert [is_at_edge(comparison, rate) for rate in (0.5, 1.0, 2.0)] == [True, False, True]


def test_no_rate_with_a_loss_is_a_failure_that_names_them(comparison: Comparison) -> None:
    with pytest.raises(FinetabError, match=r"At none of the learning rates 0\.005, 0\.01, 0\.02"):
        search(comparison, comparison.techniques[1], Path("d"), Path("f"), trains(dict.fromkeys((0.005, 0.01, 0.02))))


def test_one_rate_needs_no_search(entries: dict[str, Any]) -> None:
    alone = make_comparison(entries)
    assert search(alone, alone.techniques[0], Path("d"), Path("f"), trains({})) == (Try(1.0, None),)
    assert not is_at_edge(alone, 1.0)
