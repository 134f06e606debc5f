"""The figures of a training, read from its run's folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.training.test_runs import stopped

from finetab.errors import Interrupted
from finetab_training.compare import training
from finetab_training.compare.training import Figures, figures_of, trained
from finetab_training.config import RunConfig
from finetab_training.runs import Run, run_of


def figures(folder: Path, lines: list[dict[str, Any]]) -> Figures:
    run = Run(folder / "adapter.run", RunConfig())
    run.begin()
    run.know(parameters=7, apply_seconds=3.0)
    for line in lines:
        run.log(line)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"12345")
    return figures_of(run, folder / "adapter")


def test_a_stopped_training_of_another_config_makes_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(data="d", out=str(tmp_path / "adapter"))
    stopped(config)

    def begun(work: object, config: RunConfig) -> None:
        assert not run_of(config).goes_on()
        raise Interrupted("Begun.")

    monkeypatch.setattr(training, "run_alone", begun)
    with pytest.raises(Interrupted):
        trained(replace(config, learning_rate=1.0))


def step(number: int, seconds: float, memory: float = 1.0) -> dict[str, Any]:
    return {"step": number, "loss": 2.0, "tokens": 100, "seconds": seconds, "memory_gb": memory}


def look(number: int, loss: float) -> dict[str, Any]:
    return {"step": number, "held_out_loss": loss, "held_out_by_row": [loss]}


def test_the_loss_is_the_least_after_the_start_and_looks_do_not_slow_the_speed(tmp_path: Path) -> None:
    found = figures(
        tmp_path,
        [look(0, 1.0), step(1, 1.0), step(2, 3.0, 2.5), look(2, 1.8), step(3, 50.0), step(4, 52.0), look(4, 2.2)],
    )
    assert (found.loss, found.loss_before) == (1.8, 1.0)
    assert found.tokens_per_second == 50  # two steps were timed, of two seconds each
    assert (found.seconds, found.steps, found.peak_memory_gb) == (3.0 + 400 / 50, 4, 2.5)  # three to apply it
    assert (found.parameters, found.adapter_bytes) == (7, 5)


def test_a_run_that_went_on_took_what_one_in_a_piece_takes(tmp_path: Path) -> None:
    found = figures(tmp_path, [look(0, 3.0), step(1, 2.0), step(2, 4.0), step(3, 1.0), step(4, 2.0), look(4, 2.0)])
    assert found.seconds == pytest.approx(3.0 + 400 / 75)
    assert found.tokens_per_second == pytest.approx(75)  # the median of 50 and 100: the jump back is none


def test_a_loss_that_is_no_number_is_none_and_one_step_has_a_speed(tmp_path: Path) -> None:
    found = figures(tmp_path, [look(0, 3.0), step(1, 4.0), look(1, float("nan"))])
    assert found.loss is None
    assert found.tokens_per_second == 25
    assert json.loads((tmp_path / "adapter.run" / "environment.json").read_text("utf-8"))["parameters"] == 7
