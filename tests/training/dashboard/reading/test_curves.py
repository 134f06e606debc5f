"""Curves from metrics: while they are being written, and after a run has gone on."""

import json
from pathlib import Path
from typing import Any

import pytest

from finetab_training.dashboard.reading.curves import Curves, Look, read_curves, smooth_line, smoothed


def record(step: int, seconds: float, **more: Any) -> str:
    told = {"step": step, "loss": 2.0, "learning_rate": 1e-3, "tokens": 100, "memory_gb": 1.5, "seconds": seconds}
    return json.dumps(told | more) + "\n"


def test_a_run_that_has_written_nothing_has_empty_curves(tmp_path: Path) -> None:
    assert read_curves(tmp_path) == Curves()
    assert read_curves(tmp_path).last_step == 0


def test_the_line_that_is_being_written_is_left_for_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(record(1, 2.0) + record(2, 3.0)[:20])
    assert [step.step for step in read_curves(tmp_path).steps] == [1]
    path.write_text(record(1, 2.0) + record(2, 3.0))
    assert read_curves(tmp_path).last_step == 2


@pytest.mark.parametrize("damaged", ['{"loss": null, "step": 3}', '{"loss": 1.0}', '{"held_out_loss": 1.0}', "[]"])
def test_a_line_without_its_figures_is_passed_over(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "metrics.jsonl").write_text(record(1, 2.0) + damaged + "\n" + record(2, 3.0))
    curves = read_curves(tmp_path)
    assert [step.step for step in curves.steps] == [1, 2]
    assert not curves.looks


def test_speed_is_by_the_time_of_each_step_also_after_the_clock_has_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(record(1, 2.0) + record(2, 3.0) + record(3, 0.5))
    assert [step.tokens_per_second for step in read_curves(tmp_path).steps] == [50, 100, 200]


def test_looks_at_files_kept_back_are_apart_from_steps(tmp_path: Path) -> None:
    look = json.dumps({"step": 1, "held_out_loss": 1.25, "held_out_by_row": [1.25]}) + "\n"
    (tmp_path / "metrics.jsonl").write_text(record(1, 2.0) + look)
    assert read_curves(tmp_path).looks == (Look(1, 1.25),)
    assert Look(1, 1.25).use_of_suffix is None


def test_the_use_of_the_suffix_is_what_a_foreign_one_costs_more(tmp_path: Path) -> None:
    look = json.dumps({"step": 1, "held_out_loss": 1.25, "held_out_control": 1.5}) + "\n"
    (tmp_path / "metrics.jsonl").write_text(record(1, 2.0) + look)
    (found,) = read_curves(tmp_path).looks
    assert found.use_of_suffix == 0.25


def test_smoothing_takes_the_mean_of_what_came_before() -> None:
    assert smoothed([4.0, 2.0, 0.0, 2.0], 2) == [4.0, 3.0, 1.0, 1.0]
    assert smoothed([], 3) == []


def test_what_is_no_number_does_not_spoil_the_mean_of_those_after_it() -> None:
    assert smooth_line([(1, 4.0), (2, float("nan")), (3, 2.0)], 2) == [(1, 4.0), (3, 3.0)]
