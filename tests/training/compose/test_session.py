"""A search from the command line: its best is told, what parents have seen does not count, nothing is replaced."""

from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from tests.training.compose.test_composition import parents_of
from tests.training.compose.test_search import HOLES
from typer.testing import CliRunner

from finetab.adapters.library import read_adapter
from finetab.adapters.parents import Parent
from finetab.core.languages import LANGUAGES
from finetab.errors import BadFile
from finetab_training.cli import add_commands
from finetab_training.compose import session
from finetab_training.compose.composition import Composition
from finetab_training.compose.search import Tried
from finetab_training.compose.session import searched
from finetab_training.data.hole import Hole, write_holes
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import trained_on, write_trained

KNOWN = Hole("known.py", "python", "def area(width, height):\n    return ", "\n", "width * height")


@pytest.fixture
def parents(tiny: Callable[[str], Path], tmp_path: Path) -> tuple[Parent, ...]:
    """Two adapters, one of which was trained on the line of a hole."""
    made = parents_of(tiny("llama"), tmp_path, (0.5, 0.5), {}, {})
    text = KNOWN.prefix + KNOWN.middle + KNOWN.suffix
    write_trained(made[1].folder, trained_on([SourceFile(KNOWN.path, LANGUAGES[0], text)]))
    return made


def test_a_search_tells_its_best_and_gives_the_parents_those_weights(parents: tuple[Parent, ...]) -> None:
    console = Console(file=StringIO(), width=120)
    found, told = searched(parents, Composition(), HOLES, 5, console)
    assert isinstance(console.file, StringIO)
    assert "best of" in console.file.getvalue()
    assert [parent.folder for parent in found] == [parent.folder for parent in parents]
    assert [parent.weight for parent in found] != [0.5, 0.5]
    assert (told["holes"], told["left_out"]) == (3, 0)


def test_a_search_that_is_interrupted_gives_the_best_so_far(
    parents: tuple[Parent, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = [Tried((0.5, 0.5), 3.0), Tried((0.75, 0.5), 1.0), Tried((0.5, 0.75), 2.0)]

    def interrupted(*given: Any) -> tuple[Tried, ...]:
        for each in tried:
            given[-1](each)
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "search_weights", interrupted)
    console = Console(file=StringIO(), width=120)
    found, told = searched(parents, Composition(), HOLES, 9, console)
    assert isinstance(console.file, StringIO)
    assert "Stopped after 3 of 9 tries; the best of them is taken." in console.file.getvalue()
    assert ([parent.weight for parent in found], told["tried"], told["loss"]) == ([0.75, 0.5], 3, 1.0)
    tried.clear()
    with pytest.raises(KeyboardInterrupt):
        searched(parents, Composition(), HOLES, 9, console)


def test_holes_that_a_parent_was_trained_on_do_not_count(
    parents: tuple[Parent, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Hole] = []

    def watched(_parents: object, _composition: object, holes: Sequence[Hole], *_more: object) -> tuple[Tried, ...]:
        seen.extend(holes)
        return (Tried((0.5, 0.5), 1.0),)

    monkeypatch.setattr(session, "search_weights", watched)
    console = Console(file=StringIO(), width=120)
    told = searched(parents, Composition(), [*HOLES, KNOWN], 1, console)[1]
    assert seen == HOLES
    assert (told["holes"], told["left_out"]) == (3, 1)
    with pytest.raises(BadFile, match="trained on the lines of all 1 holes"):
        searched(parents, Composition(), [KNOWN], 1, console)


def test_the_manifest_tells_of_the_search_and_what_stands_there_is_refused_before_it(
    parents: tuple[Parent, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holes, out = tmp_path / "holes.jsonl", tmp_path / "both"
    write_holes(holes, HOLES)
    names = [str(parent.folder) for parent in parents]
    app = typer.Typer()
    add_commands(app)
    arguments = ["compose", *names, "--out", str(out), "--search", str(holes), "--tries", "1"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    told = read_adapter(str(out))[1].data["composed"]["search"]
    assert (told["file"], told["holes"]) == (str(holes), 3)
    assert told["loss"] > 0
    monkeypatch.setattr(session, "searched", lambda *_: pytest.fail("it searched"))
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, BadFile)
