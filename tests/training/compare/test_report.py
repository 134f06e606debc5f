"""The report as data: means over seeds and holes, differences paired, fronts, and what failed."""

from pathlib import Path

import pytest
from tests.training.compare.made import report


def test_means_and_differences_are_over_seeds_and_holes(tmp_path: Path) -> None:
    made = report(tmp_path / "out")
    one, two = made["techniques"]["one"], made["techniques"]["two"]
    assert one["edit_similarity"]["mean"] == pytest.approx(0.6)
    assert (two["exact_match"]["mean"], two["exact_match"]["low"], two["exact_match"]["high"]) == (0.5, 0.0, 1.0)
    assert two["against_base"]["edit_similarity"]["mean"] == pytest.approx(0.45)
    first = two["against_first"]["edit_similarity"]
    assert (first["mean"], first["low"], first["high"]) == pytest.approx((0.35, 0.3, 0.4))  # by seed: 0.4 and 0.3
    assert one["against_first"] == {}
    assert one["general_against_base"]["edit_similarity"]["mean"] == pytest.approx(-0.25)
    assert made["base"]["general"]["edit_similarity"]["mean"] == 0.5


def test_costs_are_medians_over_seeds_and_the_front_follows_them(tmp_path: Path) -> None:
    made = report(tmp_path / "out")
    assert made["techniques"]["one"]["seconds"] == {"median": 20.5, "low": 20.0, "high": 21.0}
    assert made["techniques"]["one"]["adapter_mb"]["median"] == 2.0
    assert made["fronts"] == {"peak_memory_gb": ["one", "two"], "seconds": ["two"]}  # as quick, and better


def test_what_failed_and_what_was_tried_are_told(tmp_path: Path) -> None:
    made = report(tmp_path / "out")
    assert made["failed"] == {"bad": "It has no wings."}
    one = made["techniques"]["one"]
    assert one["tries"] == [{"rate": 0.5, "loss": None}, {"rate": 1.0, "loss": 2.0}]
    assert (one["learning_rate"], one["at_edge"]) == (1e-4, True)
    assert one["held_out_loss"] == {"mean": 2.0, "by_seed": [2.0, 2.0], "before": 3.0}
    assert made["config"]["out"] == "out"  # no folder of this machine
