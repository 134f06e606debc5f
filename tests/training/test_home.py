"""`~` in what a user names, on the command line, in a config and in the dashboard's fields."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from finetab_training.cli import add_commands
from finetab_training.compare.config import make_comparison
from finetab_training.config import make_config
from finetab_training.data.dataset import is_dataset


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_a_dataset_is_built_from_home_to_home(project: Path, own: Path) -> None:
    app = typer.Typer()
    add_commands(app)
    done = CliRunner().invoke(app, ["data", "build", f"~/{project.name}", "--out=~/dataset"])
    assert done.exception is None
    assert is_dataset(own / "dataset")


def test_a_run_s_places_are_meant_from_home(own: Path) -> None:
    config = make_config({"data": "~/code", "out": "~/mine", "start": "~/yours"})
    assert [config.data, config.out, config.start] == [f"{own}/{name}" for name in ("code", "mine", "yours")]


def test_a_comparison_s_folder_is_meant_from_home(own: Path) -> None:
    made = make_comparison({"out": "~/compared", "train": {"data": "."}, "techniques": {"lora": {}}})
    assert made.out == own / "compared"
