"""The general holes that are shipped: enough of them, of every kind, and none of what the default adapter learns."""

import re
from collections import Counter
from pathlib import Path

import pytest

from finetab.completion.postprocess import clean
from finetab.completion.request import CompletionRequest
from finetab.core.languages import language_by_name
from finetab.documents import open_document
from finetab_training.data.source_file import SourceFile
from finetab_training.data.spans import FileSpans, Span
from finetab_training.evaluate.general import GENERAL_HOLES, general_holes

_RECIPES = Path(__file__).parents[3] / "recipes"


def _packages(recipe: str) -> set[str]:
    """The packages of a recipe, NAME-VERSION as their wheels are named."""
    lines = [line for line in (_RECIPES / recipe).read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    return {line.replace("-", "_").replace("==", "-") for line in lines}


def test_there_are_a_thousand_of_every_kind_in_less_than_a_megabyte() -> None:
    kinds = Counter(hole.kind for hole in general_holes())
    assert kinds.total() >= 1_000
    assert set(kinds) == {"line", "rest", "block", "bracket", "comment", "import"}
    assert min(kinds.values()) >= 90
    assert GENERAL_HOLES.stat().st_size < 1_000_000


def test_they_come_from_their_recipe_and_from_nothing_that_is_trained_on() -> None:
    packages = {hole.path.partition("/")[0] for hole in general_holes()}
    assert len(packages) >= 15
    assert packages <= _packages("general-holes-packages.txt")
    trained = {name.partition("-")[0] for name in _packages("default-adapter-packages.txt")}
    assert not trained & {name.partition("-")[0] for name in _packages("general-holes-packages.txt")}


def test_each_is_a_place_that_training_would_cut() -> None:
    for hole in general_holes()[::50]:
        language = language_by_name(hole.language)
        assert language is not None
        file = SourceFile(hole.path, language, hole.prefix + hole.middle + hole.suffix)
        start = len(hole.prefix)
        spans = FileSpans(file.tree()).of(hole.kind)  # type: ignore[arg-type]  # a kind read from a file is any text
        assert Span(start, start + len(hole.middle), hole.kind) in spans  # type: ignore[arg-type]


@pytest.mark.parametrize("goes_on", [False, True])
def test_nothing_of_a_right_answer_is_taken_away(goes_on: bool) -> None:
    """What is cleaned away of answers is wrong or stands there already: with the rest of its line behind it as well."""
    changed = []
    for hole in general_holes():
        rest = hole.suffix.partition("\n")[0] if goes_on else ""
        request = CompletionRequest(open_document(hole.path, hole.prefix + hole.suffix), len(hole.prefix))
        answer, why = clean(hole.middle + rest, request)
        if answer != hole.middle:
            changed.append((hole.path, hole.middle, answer, why))
    assert not changed
