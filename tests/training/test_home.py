"""`~` in what a user names, on the command line, in a config and in the dashboard's fields."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from finetab_training.cli import add_commands
from finetab_training.compare.config import make_comparison
from finetab_training.config import make_config
from finetab_training.data.dataset import is_dataset
from finetab_training.home import from_home


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [("~/a", "{home}/a"), ("~", "{home}"), ("~/a@v1", "{home}/a@v1"), (["~/a", "b"], ["{home}/a", "b"]),
     ("a/~/b", "a/~/b"), ("package:rich", "package:rich"), ("~nobody-of-that-name/a", "~nobody-of-that-name/a"),
     (None, None), (3, 3)],
)  # fmt: skip
def test_only_a_path_that_begins_with_it_is_meant_from_home(given: Any, meant: Any, own: Path) -> None:
    def at_home(value: Any) -> Any:
        return value.format(home=own) if isinstance(value, str) else value

    assert from_home(given) == ([at_home(each) for each in meant] if isinstance(meant, list) else at_home(meant))
    assert not isinstance(given, str) or from_home(Path(given)) == Path(at_home(meant))


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
