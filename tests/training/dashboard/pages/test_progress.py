"""What was started here: the buttons of a run follow its state."""

import json
import shutil
import signal
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from tests.training.dashboard.conftest import Visit, said

from finetab_training.config import RunConfig
from finetab_training.dashboard import started
from finetab_training.dashboard.started import Started
from finetab_training.runs import STATE, Run

STOPPED = "finetab: Stopped at step 2; go on with: finetab train --resume mine.run\n"


def record(
    root: Path, log: str, *, is_alive: bool = False, has_checkpoint: bool = False, name: str = "mine"
) -> Started:
    """A run that was started, as it is kept; a living one has this very process."""
    run = Run(root / f"{name}.run", RunConfig(data=".", out=name, max_steps=4))
    run.begin()
    figures = {"step": 2, "loss": 1.5, "learning_rate": 1e-4, "tokens": 100, "memory_gb": 1.0, "seconds": 2.0}
    run.log(figures)
    if has_checkpoint:
        (run.checkpoints / "checkpoint-2").mkdir(parents=True)
        (run.checkpoints / "checkpoint-2" / STATE).write_text("{}")
    place = root / ".finetab" / "started"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.log").write_text(log)
    process = psutil.Process()
    arguments = tuple(process.cmdline()) if is_alive else ("train",)
    one = Started(str(run.folder), arguments, process.pid, 1.0, str(place / f"{name}.log"))
    (place / f"{name}.json").write_text(json.dumps(asdict(one)))
    return one


def test_nothing_started_is_nothing_shown(visit: Visit, tmp_path: Path) -> None:
    page = visit("progress", tmp_path)
    assert said(page) == ""
    assert not page.exception


def test_a_stopped_run_says_so_and_goes_on_at_a_button(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, STOPPED, has_checkpoint=True)
    page = visit("progress", tmp_path)
    assert [button.label for button in page.button] == ["Go on"]
    assert "Stopped at step 2" in page.info[0].value
    gone_on: list[Path] = []
    monkeypatch.setattr(started, "go_on", lambda root, run: gone_on.append(run))
    page.button[0].click().run()
    assert gone_on == [tmp_path / "mine.run"]


def test_a_run_at_work_is_stopped_gently_first_and_then_at_once_on_whichever_tab(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, "", is_alive=True)
    signals: list[int] = []
    monkeypatch.setattr(psutil.Process, "send_signal", lambda process, number: signals.append(number))
    page, other = visit("progress", tmp_path), visit("progress", tmp_path)
    assert [button.label for button in page.button] == ["Stop"]
    page.button[0].click().run()
    assert [button.label for button in page.button] == ["Stop at once"]
    assert "after the step in hand" in said(page)
    other.button[0].click().run()  # as the second click of a double click, or that of who has not seen the first
    assert signals == [signal.SIGINT]
    assert [button.label for button in other.button] == ["Stop at once"]
    assert [button.label for button in visit("progress", tmp_path).button] == ["Stop at once"]
    other.button[0].click().run()
    assert signals == [signal.SIGINT] * 2


def test_every_run_at_work_can_be_stopped_however_many_were_started_since(visit: Visit, tmp_path: Path) -> None:
    one = record(tmp_path, "", is_alive=True, name="old")
    for name in ("a", "b", "c"):
        newer = replace(record(tmp_path, STOPPED, name=name), born=2.0)
        Path(newer.log).with_suffix(".json").write_text(json.dumps(asdict(newer)))
    page = visit("progress", tmp_path)
    assert [button.key for button in page.button] == [f"stop {one.pid}"]
    assert said(page).count("**") == 2 * 3


@pytest.mark.parametrize(
    ("has_checkpoint", "words"), [(False, "stopped before its first checkpoint"), (True, "It was stopped at once")]
)
def test_a_run_that_was_asked_to_stop_has_not_failed(
    visit: Visit, tmp_path: Path, has_checkpoint: bool, words: str
) -> None:
    one = replace(record(tmp_path, "Aborted!\n", has_checkpoint=has_checkpoint), is_asked=True)
    Path(one.log).with_suffix(".json").write_text(json.dumps(asdict(one)))
    page = visit("progress", tmp_path)
    assert not page.error
    assert words in page.info[0].value


@pytest.mark.parametrize(
    ("log", "words"),
    [("finetab: There is no folder nowhere.\n", "There is no folder nowhere"),
     ("Traceback (most recent call last):\n  boom\n", "ended without a word of its own; its log is")],
)  # fmt: skip
def test_a_run_that_failed_says_why_and_shows_no_traceback(visit: Visit, tmp_path: Path, log: str, words: str) -> None:
    record(tmp_path, log)
    page = visit("progress", tmp_path)
    assert words in page.error[0].value.replace("\\", "")
    assert "Traceback" not in said(page)


def test_a_run_that_diverged_says_so_and_is_still_drawn(visit: Visit, tmp_path: Path) -> None:
    one = record(tmp_path, "", is_alive=True)
    with (Path(one.run) / "metrics.jsonl").open("a") as metrics:
        metrics.write('{"step": 3, "loss": NaN, "tokens": 100, "memory_gb": 1.0, "seconds": 3.0}\n')
        metrics.write('{"step": 3, "held_out_loss": NaN, "held_out_control": NaN}\n')
    page = visit("progress", tmp_path)
    (bar,) = page.get("progress")
    assert "Step 3 of 4, loss no number" in str(cast(Any, bar).proto)
    assert page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")


def test_a_finished_run_whose_folder_is_gone_says_so_and_the_others_stand(visit: Visit, tmp_path: Path) -> None:
    gone = record(tmp_path, f"adapter: {tmp_path / 'gone'}\n", name="gone")
    record(tmp_path, "", is_alive=True)
    shutil.rmtree(gone.run)
    page = visit("progress", tmp_path)
    (error,) = page.error
    assert "gone.run is no run folder" in error.value.replace("\\", "")
    assert [button.label for button in page.button] == ["Stop"]
