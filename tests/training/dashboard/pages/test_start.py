"""The page Start: a form becomes a config, a command and a process; what is wrong is a sentence."""

import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from streamlit.testing.v1 import AppTest
from tests.training.dashboard.conftest import Visit, said
from tests.training.test_runs import stopped

from finetab_training.config import RunConfig
from finetab_training.dashboard import started
from finetab_training.dashboard.started import read_started
from finetab_training.methods.registry import METHODS
from finetab_training.runs import Run


@pytest.fixture
def form(visit: Visit, project: Path, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, filled in for a short run of a small model."""
    monkeypatch.chdir(project.parent)
    (project.parent / "finetab.toml").write_text(f'base = "{tiny("llama")}"\n')
    page = visit("start", project.parent)
    page.selectbox("method").select("lora")
    page.text_input("data").input("project")
    for key, value in {"max_steps": 3, "row_tokens": 400, "prefix_tokens": 150, "suffix_tokens": 60,
                       "max_middle_tokens": 60, "rows_per_step": 1, "held_out_rows": 0}.items():  # fmt: skip
        page.number_input(key).set_value(value)
    return page.run()


def test_the_form_is_the_command(form: AppTest) -> None:
    form.number_input("lora.r").set_value(4).run()
    (command,) = (block.value for block in form.code)
    assert command.startswith("finetab train --data project --out my-adapter --base /")
    assert "--set 'options={r = 4}' --set prefix_tokens=150" in command
    assert ("--method lora" in command) == torch.cuda.is_available()  # elsewhere it is what is trained by default
    assert not form.error


def test_every_technique_can_be_chosen_and_has_its_own_options(form: AppTest) -> None:
    assert [option.partition(":")[0] for option in form.selectbox("method").options] == list(METHODS)
    form.selectbox("method").select("adalora").run()
    assert {field.key for field in form.number_input} >= {"adalora.first_r", "adalora.orthogonality"}
    form.selectbox("method").select("full").run()
    assert "has no options" in said(form)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda page: page.number_input("lora.r").set_value(0), "The option r must be a whole number from 1"),
        (lambda page: page.number_input("lora.dropout").set_value(2.0), "a number from 0 to 1, not 2.0"),
        (lambda page: page.number_input("row_tokens").set_value(100), "row_tokens is 100"),
        (lambda page: page.number_input("rows_per_step").set_value(0), "must be at least 1"),
        (lambda page: page.text_input("out").input(""), "Name the data to train on and the adapter"),
    ],
)
def test_a_bad_entry_is_a_sentence_and_cannot_be_started(
    form: AppTest, fill: Callable[[AppTest], object], words: str
) -> None:
    fill(form)
    form.run()
    assert words in form.error[0].value.replace("\\", "")
    assert not form.exception
    assert not form.button


def test_weights_that_are_not_here_are_told_before_anything_is_started(form: AppTest, project: Path) -> None:
    form.selectbox("base").select("bigcode/starcoder2-3b").run()
    form.button[0].click().run()
    assert "finetab models fetch" in form.error[0].value.replace("\\", "")
    assert read_started(project.parent) == []


def test_where_another_run_stands_nothing_can_be_started(form: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(started, "start", lambda root, config: stopped(config))
    form.button[0].click().run()
    assert "this run goes on" in said(form.run())
    assert not form.button[0].disabled
    form.number_input("seed").set_value(3).run()
    assert "seed was 0 and is 3. Go on with it: finetab train --resume" in said(form).replace("\\", "")
    assert form.button[0].disabled
    form.text_input("out").input("other").run()
    assert not form.button[0].disabled


def test_where_a_process_of_a_terminal_is_at_work_nothing_can_be_started(form: AppTest, project: Path) -> None:
    run = Run(project.parent / "my-adapter.run", RunConfig(data="project", out="my-adapter"))
    with run.alone():
        run.begin()
        assert "A process is at work in my-adapter.run" in said(form.run()).replace("\\", "")
        assert form.button[0].disabled
    assert "it has no checkpoint and begins anew" in said(form.run())
    assert not form.button[0].disabled


def test_a_finished_adapter_is_replaced_only_when_that_is_asked_for_each_time(form: AppTest, project: Path) -> None:
    made = project.parent / "my-adapter" / "manifest.json"
    made.parent.mkdir()
    made.write_text("{}")
    assert "my-adapter is there already; a start replaces it" in form.run().warning[0].value.replace("\\", "")
    assert form.button[0].disabled
    (replace_it,) = (box for box in form.checkbox if box.label == "Replace it")
    replace_it.check().run()
    assert not form.button[0].disabled
    os.utime(made, (0, 0))  # it was trained again
    assert form.run().button[0].disabled


def test_the_memory_is_shown_for_what_it_was_asked_for_and_no_longer(form: AppTest) -> None:
    form.button[1].click().run()
    assert "parameters to train" in said(form)
    form.number_input("row_tokens").set_value(800).run()
    assert "parameters to train" not in said(form)


def test_free_memory_is_what_is_free_when_the_page_is_drawn(form: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for free in (3.0, 2.0):
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free * 1e9))  # noqa: B023
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free * 1e9, 0))  # noqa: B023
        form.button[1].click().run()
        assert f"of {free} GB that are free now" in said(form)


def test_a_step_of_the_learning_rate_is_a_small_one_and_stays_short_in_the_command(form: AppTest) -> None:
    form.number_input("learning_rate").increment().run()
    assert "learning_rate=0.00016" in shlex.split(form.code[0].value)
    assert form.number_input("learning_rate").min == 0


def test_a_run_is_started_watched_and_ends(form: AppTest, project: Path) -> None:
    form.button[0].click().run()
    (begun,) = read_started(project.parent)
    assert "my-adapter" in said(form).replace("\\", "")
    assert "at work" in said(form)
    end = time.monotonic() + 400
    while begun.is_alive():
        assert time.monotonic() < end
        time.sleep(0.1)
    form.run()
    assert "finished" in said(form)
    assert form.button[0].disabled  # or a click more would discard it
    assert "finetab evaluate --data project --adapter my-adapter" in said(form)
    assert not form.error
