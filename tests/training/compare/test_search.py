"""The search of learning rates: the least loss wins, what is no number never does."""

from collections.abc import Callable, Mapping
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


def trains(losses: Mapping[float, float | None]) -> Callable[[RunConfig], Figures]:
    """What a training comes to at each learning rate."""

    def train(config: RunConfig) -> Figures:
        loss = losses[round(config.learning_rate, 6)]
        return Figures(loss, 3.0, 1, 1, 1.0, 1.0, 1.0, config.max_steps)

    return train


def test_the_rate_with_the_least_loss_comes_first(comparison: Comparison) -> None:
    found = search(
        comparison, comparison.techniques[1], Path("d"), Path("f"), trains({0.005: None, 0.01: 1.5, 0.02: 2.0})
    )
    assert found == (Try(1.0, 1.5), Try(2.0, 2.0), Try(0.5, None))
    assert not is_at_edge(found)


def test_a_best_one_at_an_edge_is_gone_beyond(comparison: Comparison) -> None:
    losses = {0.005: 2.0, 0.01: 1.9, 0.02: 1.5, 0.04: 1.6}
    found = search(comparison, comparison.techniques[1], Path("d"), Path("f"), trains(losses))
    assert [each.rate for each in found] == [2.0, 4.0, 1.0, 0.5]
    assert not is_at_edge(found)


def test_beyond_an_edge_only_so_much_is_tried(comparison: Comparison) -> None:
    losses = {0.005: 1.5, 0.01: 1.9, 0.02: None, 0.0025: 1.4, 0.00125: 1.3}
    found = search(comparison, comparison.techniques[1], Path("d"), Path("f"), trains(losses))
    assert [each.rate for each in found] == [0.125, 0.25, 0.5, 1.0, 2.0]
    assert is_at_edge(found)


def test_no_rate_with_a_loss_is_a_failure_that_names_them(comparison: Comparison) -> None:
    with pytest.raises(FinetabError, match=r"At none of the learning rates 0\.005, 0\.01, 0\.02"):
        search(comparison, comparison.techniques[1], Path("d"), Path("f"), trains(dict.fromkeys((0.005, 0.01, 0.02))))


def test_one_rate_needs_no_search(entries: dict[str, Any]) -> None:
    alone = make_comparison(entries)
    assert search(alone, alone.techniques[0], Path("d"), Path("f"), trains({})) == (Try(1.0, None),)
    assert not is_at_edge([Try(1.0, None)])
