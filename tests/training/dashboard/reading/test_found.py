"""Which runs are found below a folder, and what is said of them."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finetab.errors import BadFile
from finetab_training.config import RunConfig
from finetab_training.dashboard.reading.found import find_runs, read_run
from finetab_training.runs import STATE, Run
from finetab_training.tune.plan import Plan


def begun(root: Path, name: str, **more: Any) -> Run:
    """A run that has written its config."""
    config = replace(RunConfig(data=".", out=name), **more)
    run = Run(root / f"{name}.run", config)
    run.begin()
    return run


def test_the_run_of_a_tune_is_found_with_its_steps_and_its_adapter(tuned: Plan) -> None:
    (run,) = find_runs(tuned.root)[0]
    assert (run.num_steps, run.state) == (3, "finished")
    assert run.label == f".finetab/adapters/{tuned.name}"
    assert run.adapter == tuned.adapter
    assert run.config.method == "lora"


def test_a_run_says_whether_it_can_go_on(tmp_path: Path) -> None:
    run = begun(tmp_path, "one", max_steps=7)
    assert [(found.state, found.num_steps) for found in find_runs(tmp_path)[0]] == [("begun", 7)]
    checkpoint = run.checkpoints / "checkpoint-3"
    checkpoint.mkdir(parents=True)
    (checkpoint / STATE).write_text("{}")
    assert [found.state for found in find_runs(tmp_path)[0]] == ["can go on"]


def test_runs_of_deeper_folders_are_found_and_those_of_libraries_are_not(tmp_path: Path) -> None:
    for place in ("plain/deeper", "node_modules/package", ".hidden"):
        begun(tmp_path / place, "one")
    assert [run.label for run in find_runs(tmp_path)[0]] == ["plain/deeper/one"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("config.json", ""), ("config.json", "{"), ("config.json", '{"no_such": 1}'), ("config.json", "[]"),
     ("inputs/facts.json", '{"rows": 1'), ("inputs/facts.json", "[]"), ("inputs/facts.json", '{"rows": null}')],
)  # fmt: skip
def test_a_damaged_run_does_not_hide_the_others_and_is_told(tmp_path: Path, name: str, text: str) -> None:
    begun(tmp_path, "whole")
    path = begun(tmp_path, "damaged").folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    (tmp_path / "tests.run").mkdir()  # somebody else's
    found, faults = find_runs(tmp_path)
    assert [run.label for run in found] == ["whole"]
    assert len(faults) == 1


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is no run folder"):
        read_run(tmp_path, tmp_path)


def test_a_run_that_was_moved_still_knows_its_adapter(tuned: Plan, tmp_path: Path) -> None:
    adapter = Path(shutil.copytree(tuned.adapter, tmp_path / "moved"))
    shutil.copytree(tuned.adapter.with_name(f"{tuned.name}.run"), tmp_path / "moved.run")
    assert [(run.adapter, run.state) for run in find_runs(tmp_path)[0]] == [(adapter, "finished")]


@pytest.mark.parametrize("max_steps", [0, 7])
def test_a_run_that_begins_anew_over_an_adapter_has_not_finished(tuned: Plan, tmp_path: Path, max_steps: int) -> None:
    shutil.copytree(tuned.adapter, tmp_path / "mine")
    begun(tmp_path, "mine", max_steps=max_steps)
    assert [run.state for run in find_runs(tmp_path)[0]] == ["begun"]
    os.utime(tmp_path / "mine" / "manifest.json")
    assert [run.state for run in find_runs(tmp_path)[0]] == ["finished"]


def test_a_finished_run_that_was_copied_without_its_times_is_finished(tuned: Plan, tmp_path: Path) -> None:
    shutil.copytree(tuned.adapter, tmp_path / "mine")
    shutil.copytree(tuned.adapter.with_name(f"{tuned.name}.run"), tmp_path / "mine.run")
    os.utime(tmp_path / "mine.run" / "config.json")
    assert [run.state for run in find_runs(tmp_path)[0]] == ["finished"]
