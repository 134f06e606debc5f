"""Going on with an adapter: its values are where training begins, and what it was trained on stays known."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file, save_file

from finetab.adapters import shipped
from finetab.adapters.library import WEIGHTS, read_adapter
from finetab.core.bases import KNOWN_BASES
from finetab.errors import BadAdapter, BadSetting, UnknownName
from finetab_training.config import RunConfig, make_config
from finetab_training.data.trained import read_trained
from finetab_training.runs import run_of
from finetab_training.train import start
from finetab_training.train.prepare import prepare
from finetab_training.train.run import train
from finetab_training.train.start import start_of


def config_for(project: Path, base: Path, out: Path, **more: Any) -> RunConfig:
    return make_config(
        {"data": str(project), "out": str(out), "base": str(base), "method": "lora", "max_steps": 2,
         "held_out_rows": 0, "rows_per_step": 1, "prefix_tokens": 100, "suffix_tokens": 40, "max_middle_tokens": 40,
         "row_tokens": 300, "characters_per_sample": 60, "learning_rate": 1e-2, **more}
    )  # fmt: skip


def trained(config: RunConfig) -> Path:
    run = run_of(config)
    return train(run, prepare(run), Console(file=StringIO(), width=100))


@pytest.fixture
def first(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> Path:
    """An adapter of rank 4 trained on one file that later ones are not trained on."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "only_here.py").write_text("def only_here(argument):\n    return argument + 41\n" * 8)
    return trained(config_for(other, tiny("llama"), tmp_path / "first", options={"r": 4, "alpha": 6}))


def test_training_goes_on_from_the_values_of_an_adapter_with_its_options(
    first: Path, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    # At a learning rate next to nothing the values stay what they were.
    more: dict[str, Any] = {"start": str(first), "learning_rate": 1e-12, "sentinel_learning_rate": 1e-12}
    second = trained(config_for(project, tiny("llama"), tmp_path / "second", **more))
    before, after = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    manifest = read_adapter(str(second))[1]
    assert (manifest.options["r"], manifest.options["alpha"]) == (4, 6)
    assert manifest.data["start"] == read_adapter(str(first))[1].label
    # And what the first one saw counts as seen, so that no hole is cut from it.
    assert "other:only_here.py" in read_trained(second).files
    assert read_trained(second).has_text("def only_here(argument):")
    fresh = trained(config_for(project, tiny("llama"), tmp_path / "third", options={"r": 4, "alpha": 6}))
    assert not read_trained(fresh).has_text("def only_here(argument):")
    assert read_adapter(str(fresh))[1].data["start"] == "base"


def test_what_cannot_be_gone_on_with_is_told_before_anything_is_loaded(
    first: Path, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "second", start=str(first))
    for faulty, words in (
        (replace(config, options={"r": 8}), "its options are"),
        (replace(config, options={"rank": 8}), "its options are"),
        (replace(config, method="vera"), "lora and qlora can"),
    ):
        with pytest.raises(BadSetting, match=words):
            prepare(run_of(faulty))
    with pytest.raises(UnknownName, match="no adapter"):
        prepare(run_of(replace(config, start="nowhere")))
    with pytest.raises(BadAdapter, match="was trained on"):
        prepare(run_of(replace(config, base=str(tiny("gemma3_text")))))


def test_an_adapter_with_other_parts_is_refused(
    first: Path, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    values = load_file(first / WEIGHTS)
    values.pop(next(iter(values)))
    save_file(values, first / WEIGHTS)
    with pytest.raises(BadAdapter, match="adds other parts"):
        trained(config_for(project, tiny("llama"), tmp_path / "second", start=str(first)))


def test_by_itself_a_run_starts_from_the_adapter_that_ships_for_its_base_where_it_can(
    first: Path, project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = KNOWN_BASES[0].name
    config = config_for(project, tiny("llama"), tmp_path / "second")
    assert start_of(replace(config, base=name)) is None or (shipped.FOLDER / name).is_dir()
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    (tmp_path / "shipped").mkdir()
    assert start_of(replace(config, base=name)) is None
    (tmp_path / "shipped" / name).symlink_to(first)
    found = start_of(replace(config, base=name))
    assert found is not None
    assert found[1].label == read_adapter(str(first))[1].label
    assert start_of(config) is None  # nothing ships for a folder
    assert start.told_start(config, None) == ""
    assert start.told_start(replace(config, base=name), found[1]) == f", starting from {found[1].label}"
    other = replace(config, base=name, options={"r": 9})
    assert start_of(other) is None
    assert "not from what ships for it: its options are" in start.told_start(other, None)
    assert start_of(replace(config, base=name, start="base")) is None
    assert start_of(replace(config, base=name, method="dora")) is None  # not asked for, so no fault
    assert start.options_of(replace(config, options={"dropout": 0.1}), found[1])["r"] == 4
