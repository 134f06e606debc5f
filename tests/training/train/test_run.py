"""Training runs on small random models: the adapter that comes out, going on after a stop, what is refused."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from tests.conftest import read_json

import finetab_training.train.trainer as trainer_module
from finetab.adapters.attach import attach
from finetab.adapters.library import WEIGHTS, read_adapter
from finetab.core.models import load_base
from finetab.errors import BadAdapter, BadFile, BadInput, Interrupted, NoSpace
from finetab_training.config import RunConfig, make_config
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.fim_samples import IGNORED
from finetab_training.data.split import split_validation
from finetab_training.data.trained import read_trained
from finetab_training.evaluate.holes import cut_holes
from finetab_training.runs import Run, ending_of, open_run, run_of
from finetab_training.train import loss
from finetab_training.train.prepare import prepare
from finetab_training.train.rows import StoredRows
from finetab_training.train.run import train

FAMILIES = ("gpt_neox", "llama", "gemma3_text")


def config_for(project: Path, base: Path, out: Path, **more: Any) -> RunConfig:
    return make_config(
        {
            "data": str(project), "out": str(out), "base": str(base), "options": {"r": 4}, "max_steps": 6,
            "held_out_rows": 0,
            "rows_per_step": 1, "prefix_tokens": 150, "suffix_tokens": 60, "max_middle_tokens": 60, "row_tokens": 400,
            "characters_per_sample": 60, "learning_rate": 1e-3, "save_steps": 3, **more,
        }
    )  # fmt: skip


def trained(run: Run) -> Path:
    return train(run, prepare(run), Console(file=StringIO(), width=100))


def metrics_of(run: Path) -> list[dict[str, Any]]:
    """All lines of a run's metrics."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("method", ["qlora", "lora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_is_trained_written_and_fits_its_base(
    family: str, method: str, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    run = run_of(config_for(project, tiny(family), tmp_path / "adapter", method=method))
    out = trained(run)
    folder, manifest = read_adapter(str(out))
    assert {path.name for path in folder.iterdir()} == {
        "adapter_config.json", WEIGHTS, "manifest.json", "trained_files.json", "trained_lines.npy",
    }  # fmt: skip
    weights = load_file(folder / WEIGHTS)
    assert all("lora" in name or "trainable_tokens" in name for name in weights)  # no whole embedding among them
    assert any(weight.abs().sum() > 0 for name, weight in weights.items() if "lora_B" in name)
    assert (manifest.method, manifest.quantisation) == (method, "nf4" if method == "qlora" else "none")
    assert (manifest.data["files"], manifest.data["files_held_out"]) == (4, 2)
    assert len(read_trained(folder).files) == 4
    assert attach(load_base(str(tiny(family))), folder, manifest) is not None
    assert not run.checkpoints.exists()


def test_training_learns_what_it_is_shown(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=60, learning_rate=1e-2, method="lora")
    run = run_of(config)
    trained(run)
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    losses = [float(line.split('"loss": ')[1].split(",")[0]) for line in lines]
    assert len(losses) == 60
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


def test_the_best_step_on_held_out_rows_is_kept_and_a_run_that_gets_worse_ends(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    more = {"learning_rate": 3e-2, "save_steps": 2, "patience": 2, "held_out_rows": 3, "method": "lora"}
    run = run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=200, **more))
    folder = trained(run)
    records = metrics_of(run.folder)
    looks = {record["step"]: record["held_out_loss"] for record in records if "held_out_loss" in record}
    controls = [record["held_out_control"] for record in records if "held_out_loss" in record]
    assert len(set(controls)) == len(looks), "what foreign suffixes do is looked at each time"
    assert set(controls).isdisjoint(looks.values())
    best = min(looks, key=lambda step: looks[step])
    last = max(record["step"] for record in records)
    assert last < 200
    assert last == best + 2 * 2
    # What is saved is the best step's: its loss on the held-out rows is the best one.
    model = attach(load_base(str(tiny("llama"))), folder, read_adapter(str(folder))[1])
    rows = StoredRows(run.inputs / "held_out.arrow")
    total, counted = 0.0, 0
    with torch.inference_mode():
        for index in range(len(rows)):
            row = rows[index]
            total += float(loss.row_loss(model, row["input_ids"], row["labels"], row["position_ids"]))
            counted += int((row["labels"][0, 1:] != IGNORED).sum())
    assert total / counted == pytest.approx(looks[best], rel=2e-3)  # next to the best, looks differ by a hundredth


@pytest.mark.parametrize("family", FAMILIES)
def test_a_merged_adapter_answers_like_the_unmerged_one(
    family: str, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    out = trained(run_of(config_for(project, tiny(family), tmp_path / "adapter", learning_rate=1e-2)))
    folder, manifest = read_adapter(str(out))
    base = load_base(str(tiny(family)))
    ids = torch.tensor([[1, base.fim.prefix_id, base.fim.suffix_id, 40, 41, base.fim.middle_id, 50, 51]])
    plain = base.model(ids).logits
    from peft import PeftModel

    beside = PeftModel.from_pretrained(load_base(str(tiny(family))).model, str(folder))(ids).logits
    merged = attach(base, folder, manifest)(ids).logits
    assert torch.allclose(merged, beside, atol=1e-4)
    assert not torch.allclose(merged, plain, atol=1e-2)


def test_an_adapter_of_another_base_is_refused(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    out = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1)))
    folder, manifest = read_adapter(str(out))
    with pytest.raises(BadAdapter, match="was trained on"):
        attach(load_base(str(tiny("gemma3_text"))), folder, manifest)


def test_damaged_weights_are_refused_in_a_sentence(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    out = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1)))
    folder, manifest = read_adapter(str(out))
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(BadAdapter, match="cannot be loaded"):
        attach(load_base(str(tiny("llama"))), folder, manifest)
    (folder / WEIGHTS).unlink()
    with pytest.raises(BadAdapter, match="safetensors only"):
        read_adapter(str(out))


def test_a_stopped_run_goes_on_to_the_very_adapter_of_an_unstopped_one(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "whole", max_steps=8)
    whole = trained(run_of(config))

    # Ctrl-C in the middle of the fourth step, as the terminal sends it.
    counted = 0
    row_loss = loss.row_loss

    def interrupted(*args: Any) -> torch.Tensor:
        nonlocal counted
        counted += 1
        if counted == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return row_loss(*args)

    monkeypatch.setattr(trainer_module, "row_loss", interrupted)
    run = run_of(replace(config, out=str(tmp_path / "stopped")))
    with pytest.raises(Interrupted, match=f"step 4; go on with: finetab train --resume {run.folder}"):
        trained(run)
    assert not (tmp_path / "stopped").exists()
    resumed = trained(open_run(run.folder))
    assert counted == 8
    one, other = load_file(whole / WEIGHTS), load_file(resumed / WEIGHTS)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert read_json(whole / "manifest.json")["version"] == read_json(resumed / "manifest.json")["version"]


def rates(run: Path) -> list[float]:
    """The learning rate of each step, as a share of the highest."""
    found = [record["learning_rate"] for record in metrics_of(run) if "learning_rate" in record]
    return [rate / max(found) for rate in found]


def test_the_learning_rate_falls_all_the_time_or_at_the_end_only(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "falling", max_steps=8, warmup_share=0.0, method="lora")
    trained(run_of(config))
    falling = rates(tmp_path / "falling.run")
    assert falling == sorted(falling, reverse=True)
    assert len(set(falling)) == 8
    trained(run_of(replace(config, out=str(tmp_path / "held"), decay_steps=3)))
    held = rates(tmp_path / "held.run")
    assert held[:6] == [1.0] * 6  # the first of the three begins where the others were
    assert held[6:] == pytest.approx([0.75, 0.25])


def test_an_adapter_is_made_of_a_run_under_way_that_goes_on_as_if_nothing_had_been(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"max_steps": 12, "save_steps": 4, "held_out_rows": 2, "method": "lora", "decay_steps": 2}
    run = run_of(config_for(project, tiny("llama"), tmp_path / "long", **more))
    row_loss = loss.row_loss

    def killed(*args: Any) -> torch.Tensor:
        if (run.checkpoints / "checkpoint-8").exists():
            raise KeyboardInterrupt
        return row_loss(*args)

    monkeypatch.setattr(trainer_module, "row_loss", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(run)
    monkeypatch.undo()
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}
    ending = ending_of(open_run(run.folder), str(tmp_path / "early"), steps=3)
    early = trained(ending)
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()} == before
    steps = [record["step"] for record in metrics_of(ending.folder) if "loss" in record]
    assert steps == list(range(1, 12))  # those of the long run, and three more
    assert read_adapter(str(early))[1].name == "early"
    assert trained(open_run(run.folder)) == tmp_path / "long"


def test_a_failed_run_leaves_the_adapter_in_force(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1)
    before = read_json(trained(run_of(config)) / "manifest.json")

    def broken(*args: Any) -> torch.Tensor:
        raise RuntimeError("no memory")

    monkeypatch.setattr(trainer_module, "row_loss", broken)
    with pytest.raises(RuntimeError):
        trained(run_of(replace(config, seed=9)))
    assert read_json(tmp_path / "adapter" / "manifest.json") == before


def test_a_disk_that_fills_up_while_training_is_told_with_the_way_on(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("basic_ios::clear: iostream error")  # what torch.save says of a full disk

    run = run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=3))
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(RuntimeError, match="iostream"):
        trained(run)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(NoSpace, match=f"go on with: finetab train --resume {run.folder}"):
        trained(run)


@pytest.mark.parametrize("kind", ["folder with something else", "no out", "file"])
def test_an_out_that_would_destroy_something_is_refused(
    kind: str, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    config = config_for(project, tiny("llama"), out)
    with pytest.raises(BadFile, match=r"is no adapter|No folder to write"):
        trained(run_of(replace(config, out="") if kind == "no out" else config))
    assert (out if kind == "file" else out / "mine.txt").read_text() == "mine"


def test_a_second_process_leaves_the_run_that_another_one_is_at_work_on(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    run = run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1, method="lora"))
    prepared = prepare(run)  # before the other one has begun
    with run.alone():
        run.begin()
        run.log({"step": 1})
        with pytest.raises(BadInput, match="Another process is at work"):
            train(run, prepared, Console(file=StringIO()))
        assert metrics_of(run.folder) == [{"step": 1}]


def test_what_chooses_a_step_counts_as_trained_on_and_is_a_part_of_what_is_kept_back(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1, held_out_rows=2, method="lora")
    seen = read_trained(trained(run_of(config)))
    test = read_corpus(Recipe((str(project),), held_out_share=config.held_out_share, seed=config.seed)).test
    validation, measured = split_validation(test, config.seed)
    assert len(validation) == 1
    assert measured
    assert all(seen.has_text(file.text) for file in validation)
    assert len(seen.files) == 5
    assert not cut_holes(validation, 5, 0, seen).holes
