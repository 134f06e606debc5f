"""The front: what is neither dearer nor worse than something else."""

import pytest

from finetab_training.compare.pareto import front


@pytest.mark.parametrize(
    ("points", "best"),
    [
        ({"a": (1.0, 0.5), "b": (2.0, 0.4), "c": (2.0, 0.7)}, ("a", "c")),  # b costs more and is worse
        ({"a": (1.0, 0.5), "b": (1.0, 0.6)}, ("b",)),  # as cheap and better
        ({"a": (2.0, 0.5), "b": (1.0, 0.5)}, ("b",)),  # as good and cheaper
        ({"a": (1.0, 0.5), "b": (1.0, 0.5)}, ("a", "b")),
        ({"dear": (3.0, 0.9), "cheap": (1.0, 0.1), "mean": (2.0, 0.5)}, ("cheap", "mean", "dear")),
        ({}, ()),
    ],
)
def test_the_front(points: dict[str, tuple[float, float]], best: tuple[str, ...]) -> None:
    assert front(points) == best
