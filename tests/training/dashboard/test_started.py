"""Runs as processes of their own: begun, stopped as by Ctrl-C, gone on with; what ends badly says why."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.training.train.test_run import config_for

from finetab.errors import BadFile, BadInput
from finetab_training.config import RunConfig
from finetab_training.dashboard.reading.curves import read_curves
from finetab_training.dashboard.started import Started, go_on, read_started, start, stop
from finetab_training.runs import Run

_LIMIT_S = 400  # a busy machine takes its time


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def relative(config: RunConfig) -> RunConfig:
    """As it is typed in the folder that holds project and adapter."""
    return replace(config, data="project", out="mine")


def test_a_run_outlives_the_page_is_stopped_and_goes_on_to_its_end(project: Path, tiny: Callable[[str], Path]) -> None:
    root = project.parent
    config = relative(config_for(project, tiny("llama"), Path("mine"), max_steps=300, save_steps=100, method="lora"))
    begun = start(root, config)
    assert os.getsid(begun.pid) != os.getsid(0)  # a terminal that closes does not take it along
    assert read_started(root) == [begun]
    assert begun.state() == "at work"
    with pytest.raises(BadInput, match="is at work in"):
        start(root, replace(config, out="project/../mine"))
    wait_for(lambda: read_curves(Path(begun.run)).last_step > 0)
    stop(begun)
    assert read_started(root) == [replace(begun, is_asked=True)]
    wait_for(lambda: not begun.is_alive())
    assert begun.state() == "ended"
    assert "go on with: finetab train --resume mine.run" in begun.last_word()
    again = go_on(root, Path(begun.run))
    wait_for(lambda: not again.is_alive())
    assert (again.state(), again.last_word()) == ("finished", "")
    assert read_started(root) == [again]
    assert read_curves(Path(begun.run)).last_step == 300
    assert (root / "mine" / "manifest.json").is_file()


def test_what_is_wrong_with_a_run_is_its_last_word(project: Path, tiny: Callable[[str], Path]) -> None:
    config = relative(config_for(project, tiny("llama"), Path("mine")))
    begun = start(project.parent, replace(config, data="nowhere"))
    wait_for(lambda: not begun.is_alive())
    assert begun.state() == "ended"
    assert begun.last_word().startswith("There is no folder nowhere;")


def test_a_run_of_a_terminal_is_left_alone(tmp_path: Path) -> None:
    run = Run(tmp_path / "mine.run", RunConfig(data=".", out="mine"))
    with run.alone(), pytest.raises(BadInput, match="is at work in"):
        start(tmp_path, run.config)
    assert read_started(tmp_path) == []


def test_a_run_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="No folder to write"):
        start(tmp_path, RunConfig(data="."))
    assert read_started(tmp_path) == []


def test_another_process_that_has_the_number_by_now_is_not_taken_for_it(tmp_path: Path) -> None:
    other = Started("mine.run", ("train",), os.getpid(), time.time(), str(tmp_path / "none.log"))
    stop(other)  # or this test would be interrupted
    assert not other.is_alive()
    assert (other.state(), other.last_word()) == ("ended", "")


def test_a_clock_that_is_set_does_not_end_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = psutil.Process()
    born = process.create_time()
    one = Started("mine.run", tuple(process.cmdline()), process.pid, born, str(tmp_path / "none.log"))
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: born + 3600)  # by the clock, so it moves with it
    assert one.state() == "at work"


def test_damaged_records_are_passed_over(tmp_path: Path) -> None:
    place = tmp_path / ".finetab" / "started"
    place.mkdir(parents=True)
    for number, text in enumerate(["", "[]", json.dumps({"pid": 1})]):
        (place / f"{number}.json").write_text(text)
    assert read_started(tmp_path) == []
