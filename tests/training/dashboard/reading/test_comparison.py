"""Comparisons as `finetab compare` leaves them."""

import json
from pathlib import Path
from typing import Any

import pytest

from finetab.errors import BadFile
from finetab_training.dashboard.reading.comparison import Share, find_comparisons, has_report, read_comparison


def estimate(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "n": 40}


def row(quality: float, memory: float) -> dict[str, Any]:
    shares = {"edit_similarity": estimate(quality), "exact_match": estimate(quality / 2)}
    spread = {"median": memory, "low": memory, "high": memory}
    costs = ("adapter_mb", "peak_memory_gb", "tokens_per_second", "seconds", "swap_seconds")
    return {
        "method": "lora", "options": {}, "learning_rate": 1e-4, **shares, "general_against_base": shares,
        "held_out_loss": {"mean": 1.5}, "parameters": 1000, **dict.fromkeys(costs, spread),
    }  # fmt: skip


def write_comparison(folder: Path, **more: Any) -> Path:
    """A comparison of two techniques with a report."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comparison.json").write_text("{}")
    report = {
        "config": {"seeds": [0, 1]}, "base": {"holes": {"edit_similarity": estimate(0.3)}},
        "techniques": {"lora": row(0.6, 3.0), "full": row(0.5, 9.0)}, "failed": {"loftq": "It needs the weights."},
        "fronts": {"peak_memory_gb": ["lora"], "seconds": ["lora"]},
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(report | more))
    return folder


def test_rows_are_in_the_order_of_the_report(tmp_path: Path) -> None:
    seen = read_comparison(write_comparison(tmp_path / "one"))
    assert [row.name for row in seen.rows] == ["lora", "full"]
    assert seen.rows[0].quality == Share(0.6, 0.5, 0.7)
    assert (seen.rows[1].costs["seconds"], seen.rows[1].held_out_loss) == (9.0, 1.5)
    assert (seen.num_holes, seen.num_seeds, seen.base.mean) == (40, 2, 0.3)
    assert (seen.fronts["seconds"], seen.failed) == (("lora",), {"loftq": "It needs the weights."})


def test_comparisons_are_found_two_levels_down_whether_they_have_ended_or_not(tmp_path: Path) -> None:
    ended = write_comparison(tmp_path / "results" / "ended")
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "comparison.json").write_text("{}")
    assert {(folder, has_report(folder)) for folder in find_comparisons(tmp_path)} == {(ended, True), (begun, False)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"techniques": []}', '{"techniques": {"lora": {}}}'])
def test_a_report_of_another_shape_is_a_sentence(tmp_path: Path, text: str) -> None:
    folder = write_comparison(tmp_path / "one")
    (folder / "report.json").write_text(text)
    with pytest.raises(BadFile, match="is no report that this finetab can read"):
        read_comparison(folder)
