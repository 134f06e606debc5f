"""The line for a crontab: the tune that was asked for, where it can be made, as cron reads it."""

import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from finetab.errors import FinetabError
from finetab_training.cli import add_commands


def nightly(folder: Path, *options: str) -> list[str]:
    """The words of the printed line, as the shell that cron starts reads them."""
    app = typer.Typer()
    add_commands(app)
    done = CliRunner().invoke(app, ["tune", str(folder), *options, "--nightly"])
    if done.exception:
        raise done.exception
    (line,) = done.output.splitlines()
    assert "%" not in line.replace(r"\%", "")  # cron would end the line there
    return shlex.split(line.replace(r"\%", "%"))


def test_the_place_of_its_log_is_there(project: Path) -> None:
    words = nightly(project)
    assert Path(words[words.index(">>") + 1]).parent.is_dir()


def test_every_option_is_in_it_as_it_was_given(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text("epochs = 2\n")
    options = ["--base=smollm2-135m", "--max-steps=7", "--holes=50", "--retrieval=0", "--config=run.toml",
               "--set=learning_rate=1e-4", "--set=options={r = 4}", "--force"]  # fmt: skip
    words = nightly(project, *options)
    assert words[words.index("tune") + 1 : words.index(">>")] == [str(project), *options]
    assert words[words.index("cd") + 1] == str(tmp_path)  # `run.toml` is meant from there


def test_a_percent_sign_does_not_end_the_line(project: Path) -> None:
    folder = project.rename(project.with_name("100% of it"))
    assert str(folder) in nightly(folder)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--base", "bogus"], 'no base model "bogus"'),
        (["--cut", "zzz"], "cannot be cut at zzz"),
        (["--holes", "0"], "holes must be a number from 1"),
        (["--set", "method=qlor"], 'did you mean "qlora"'),
        (["--config", "none.toml"], "cannot be read as a run config"),
    ],
)
def test_a_tune_that_cannot_be_is_told_by_day(options: list[str], words: str, project: Path) -> None:
    with pytest.raises(FinetabError, match=words):
        nightly(project, *options)
    assert not (project / ".finetab").exists()
