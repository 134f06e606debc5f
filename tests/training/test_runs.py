"""A run's folder: what goes on, what is refused, and what is replaced."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from finetab.errors import BadFile, BadInput
from finetab_training.config import RunConfig
from finetab_training.runs import STATE, Run, ending_of, is_at_work, run_of


def stopped(config: RunConfig, step: int = 75) -> Run:
    """A run that has a checkpoint and has not ended."""
    run = run_of(config)
    run.begin()
    run.inputs.mkdir()
    (run.folder / "metrics.jsonl").touch()
    (run.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
    (run.checkpoints / f"checkpoint-{step}" / STATE).write_text("{}")
    return run


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return RunConfig(data="d", out=str(tmp_path / "a"), max_steps=100)


def test_the_same_config_goes_on_whatever_its_out_is_called(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not run_of(config).goes_on()
    stopped(config)
    assert run_of(config).goes_on()
    monkeypatch.chdir(tmp_path)
    assert run_of(replace(config, out="a")).goes_on()


def test_another_config_is_refused_where_a_checkpoint_stands(config: RunConfig) -> None:
    run = stopped(config)
    words = f"checkpoint of step 75: max_steps was 100 and is 200, seed was 0 and is 3.*{run.resume_command}"
    with pytest.raises(BadFile, match=words):
        run_of(replace(config, max_steps=200, seed=3)).goes_on()
    assert run.last_checkpoint() is not None


def test_a_copy_of_a_checkpoint_is_none_of_the_runs(config: RunConfig) -> None:
    run = stopped(config)
    shutil.copytree(run.checkpoints / "checkpoint-75", run.checkpoints / "checkpoint-75 (copy)")
    assert run.last_checkpoint() == run.checkpoints / "checkpoint-75"


def test_a_run_that_has_ended_is_no_obstacle(config: RunConfig) -> None:
    stopped(config).finish()
    assert not run_of(replace(config, max_steps=200)).goes_on()


def test_an_ending_that_was_stopped_goes_on_and_is_never_replaced(config: RunConfig, tmp_path: Path) -> None:
    run = stopped(config)
    ending = ending_of(run, str(tmp_path / "look"), steps=40)
    (ending.checkpoints / "checkpoint-75").rename(ending.checkpoints / "checkpoint-90")
    assert ending_of(run, str(tmp_path / "look"), steps=40).last_checkpoint() == ending.checkpoints / "checkpoint-90"
    with pytest.raises(BadFile, match="max_steps was 115 and is 125"):
        ending_of(run, str(tmp_path / "look"), steps=50)


def test_of_a_run_without_a_checkpoint_no_adapter_is_made(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="has no checkpoint to make an adapter from"):
        ending_of(run_of(config), str(tmp_path / "early"), steps=3)


def test_a_run_that_a_process_is_at_work_on_is_neither_gone_on_with_nor_replaced(config: RunConfig) -> None:
    run = stopped(config)
    with run.alone():
        assert is_at_work(run.folder)
        with pytest.raises(BadInput, match=r"Another process is at work in .*a\.run; wait"):
            run_of(config).goes_on()
        with pytest.raises(BadInput, match="Another process is at work"), run_of(config).alone():
            pass
        run.begin()
        assert is_at_work(run.folder)  # beginning anew does not let go of the folder
    assert not is_at_work(run.folder)
    assert not run.checkpoints.exists()
