"""Metrics: a table of answers, and intervals that hold what they promise."""

import numpy as np
import pytest

from finetab_training.evaluate.metrics import (
    edit_similarity,
    estimate,
    estimate_over_seeds,
    exact_match,
    paired_difference,
    percentile,
)


@pytest.mark.parametrize(
    ("answer", "middle", "exact", "similarity"),
    [
        ("return a", "return a", True, 1.0),
        ("return a  ", " return a", True, 1.0),
        ("a = 1\r\n  b = 2", "a = 1  \n  b = 2", True, 1.0),
        ("return b", "return a", False, 0.875),
        ("", "abcd", False, 0.0),
        ("", "", True, 1.0),
        ("a\nb", "a b", False, 2 / 3),
    ],
)
def test_answers_beside_what_was_written(answer: str, middle: str, exact: bool, similarity: float) -> None:
    assert exact_match(answer, middle) is exact
    assert edit_similarity(answer, middle) == pytest.approx(similarity)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        found = estimate((generator.random(80) < 0.3).astype(float).tolist())
        held += found.low <= 0.3 <= found.high
    assert 0.88 <= held / 200 <= 0.99


def test_pairing_finds_a_small_gain_that_lies_within_both_intervals() -> None:
    generator = np.random.default_rng(2)
    before = (generator.random(300) < 0.5).astype(float)
    after = np.where((generator.random(300) < 0.08) & (before == 0), 1.0, before)
    gain = paired_difference(after.tolist(), before.tolist())
    assert gain.low > 0
    assert estimate(after.tolist()).low < estimate(before.tolist()).high


@pytest.mark.parametrize("shared", [0.0, 0.25, 0.5])
def test_chance_is_seldom_called_a_gain_where_a_files_holes_resemble_each_other(shared: float) -> None:
    generator = np.random.default_rng(5)
    files = [str(index // 10) for index in range(300)]
    found = by_hole = 0
    for _ in range(200):
        of_files, of_holes = generator.normal(size=(30, 1)), generator.normal(size=(30, 10))
        values = (shared**0.5 * of_files + (1 - shared) ** 0.5 * of_holes).ravel().tolist()
        found += estimate(values, files).low > 0
        by_hole += estimate(values).low > 0
    assert found <= 12  # 5 are meant
    assert shared == 0.0 or by_hole > 20


def test_holes_of_as_many_files_are_drawn_as_holes_are() -> None:
    values = (np.random.default_rng(6).random(100)).tolist()
    assert estimate(values, [str(index) for index in range(100)]) == estimate(values)


def test_the_same_values_give_the_same_interval() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    assert estimate(values) == estimate(values)
    assert estimate(values).n == 5


@pytest.mark.parametrize(
    ("values", "share", "expected"), [([], 0.5, 0.0), ([3.0], 0.95, 3.0), ([1.0, 2.0, 9.0], 0.5, 2.0)]
)
def test_percentiles(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_few_values_give_no_false_interval() -> None:
    assert estimate([]).n == 0
    assert (estimate([1.0]).low, estimate([1.0]).high) == (1.0, 1.0)


def test_the_interval_over_seeds_holds_the_truth_where_the_one_over_holes_misses_what_a_seed_does() -> None:
    generator = np.random.default_rng(3)
    held = held_by_holes = 0
    for _ in range(60):
        seeds, holes = generator.normal(0, 0.1, (5, 1)), generator.normal(0, 0.3, (1, 40))
        values = 0.5 + seeds + holes + generator.normal(0, 0.2, (5, 40))
        found, by_holes = estimate_over_seeds(values.tolist()), estimate(values.mean(axis=0).tolist())
        held += found.low <= 0.5 <= found.high
        held_by_holes += by_holes.low <= 0.5 <= by_holes.high
    assert 0.85 <= held / 60 <= 1.0
    assert held_by_holes < held - 3


def test_the_interval_over_seeds_of_one_seed_or_of_like_ones_is_that_over_holes() -> None:
    values = (np.random.default_rng(4).random(200) < 0.4).astype(float).tolist()
    over_holes = estimate(values)
    for seeds in (1, 3):
        found = estimate_over_seeds([values] * seeds)
        assert found.n == 200
        assert found.mean == pytest.approx(over_holes.mean)
        assert [found.low, found.high] == pytest.approx([over_holes.low, over_holes.high], abs=0.01)


def test_two_seeds_that_differ_are_less_sure_than_either() -> None:
    found = estimate_over_seeds([[0.0] * 50, [1.0] * 50])
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)
