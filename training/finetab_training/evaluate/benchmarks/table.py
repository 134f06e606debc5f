"""The benchmarks by name: where their holes come from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TypeAlias

from finetab.errors import UnknownName, near_match
from finetab_training.data.hole import Hole
from finetab_training.evaluate.benchmarks import crosscodeeval, repobench, safim
from finetab_training.evaluate.benchmarks.hub import Row, hub_rows
from finetab_training.evaluate.benchmarks.humaneval import (
    Infilling,
    Problem,
    as_hole,
    multi_line,
    random_span,
    read_problems,
    single_line,
)

Draw: TypeAlias = Callable[[int], Iterator[Hole]]
"""All holes in an order that the seed decides."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One row of the table."""

    about: str
    licence: str
    draw: Draw


def _humaneval(kind: str, cut: Callable[[Problem, int], Iterable[Infilling]]) -> Benchmark:
    def draw(seed: int) -> Iterator[Hole]:
        holes = [as_hole(record, kind) for problem in read_problems() for record in cut(problem, seed)]
        Random(f"{seed}/{kind}").shuffle(holes)
        return iter(holes)

    return Benchmark(f"HumanEval-Infilling, {kind.removeprefix('humaneval-').replace('-', ' ')}", "MIT", draw)


def _hub(
    about: str, licence: str, hub_id: str, config: str | None, split: str, hole: Callable[[Row], Hole]
) -> Benchmark:
    return Benchmark(about, licence, lambda seed: map(hole, hub_rows(hub_id, config, split, seed)))


def _safim(config: str) -> Benchmark:
    kind = f"safim-{config}"
    about = f"SAFIM, {config}"
    return _hub(about, "CC-BY-4.0", safim.HUB_ID, config, "test", lambda row: safim.safim_hole(row, kind))


def _repobench(language: str) -> Benchmark:
    hub_id = repobench.HUB_IDS[language]
    about = f"RepoBench 1.1, {language}, first use of another file"
    return _hub(
        about, "CC-BY-4.0", hub_id, None, repobench.SPLIT, lambda row: repobench.repobench_hole(row, language)
    )  # fmt: skip


BENCHMARKS: dict[str, Benchmark] = {
    "humaneval-single-line": _humaneval("humaneval-single-line", lambda problem, _: single_line(problem)),
    "humaneval-multi-line": _humaneval("humaneval-multi-line", lambda problem, _: multi_line(problem)),
    "humaneval-random-span": _humaneval("humaneval-random-span", random_span),
    "safim-block": _safim("block"),
    "safim-control": _safim("control"),
    "safim-api": _safim("api"),
    "repobench-python": _repobench("python"),
    "repobench-java": _repobench("java"),
    "crosscodeeval-python": _hub(
        "CrossCodeEval, Python", "Apache-2.0", crosscodeeval.HUB_ID, None, "train", crosscodeeval.crosscodeeval_hole
    ),
}


def draw_holes(name: str, limit: int, seed: int) -> tuple[Hole, ...]:
    """Holes of a benchmark, the same ones for the same seed. Raises `UnknownName`, or `MissingData`."""
    if name not in BENCHMARKS:
        raise UnknownName(f'There is no benchmark "{name}"{near_match(name, BENCHMARKS)}')
    return tuple(islice(BENCHMARKS[name].draw(seed), limit))
