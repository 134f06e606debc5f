"""Dry runs: what is said of a run before it begins, and what a few steps on random weights measure."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from finetab.errors import MissingWeights
from finetab_training.cli import add_commands
from finetab_training.config import make_config, read_config
from finetab_training.train.dry_run import dry_run

RECIPE = Path(__file__).parents[3] / "recipes" / "redpajama-7b-qlora.toml"


def said(entries: dict[str, object], *, random_weights: bool = False) -> str:
    console = Console(file=StringIO(), width=200)
    dry_run(make_config(entries), console, random_weights=random_weights)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_reference_base_is_planned_without_its_weights(home: Path) -> None:
    printed = said(read_config(RECIPE))
    # 2,097,152 x r for additions of rank r on all its linear layers, and three sentinel rows.
    assert f"6,857,302,016 parameters, {2_097_152 * 16 + 3 * 4096:,} to train (0.49%)" in printed
    total = float(printed.split("in all")[1].split()[0])
    assert 5.5 < total < 7.0


def test_a_few_steps_on_random_weights_are_measured(tiny: Callable[[str], Path]) -> None:
    entries = {"base": str(tiny("gemma3_text")), "prefix_tokens": 64, "suffix_tokens": 32, "max_middle_tokens": 32}
    printed = said({**entries, "row_tokens": 256, "rows_per_step": 2}, random_weights=True)
    assert "3 steps of 2 rows of 256 tokens, random weights" in printed
    speed = float(printed.split(" GB at most, ")[1].split(" tokens/s")[0].replace(",", ""))
    assert speed > 0


def test_what_measures_it_is_told(tiny: Callable[[str], Path]) -> None:
    app = typer.Typer()
    add_commands(app)
    done = CliRunner().invoke(app, ["train", "--dry-run", "--base", str(tiny("llama"))])
    assert "measure it: the same command with --random-weights" in done.output


def test_a_base_of_unknown_shape_is_told(home: Path) -> None:
    with pytest.raises(MissingWeights, match="Neither the weights nor the shape of bigcode/starcoder2-3b are on this"):
        said({"base": "bigcode/starcoder2-3b"})
