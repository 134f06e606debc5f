"""The benchmarks by name: where their holes come from. What counts of an answer stands in `rules`."""

from collections.abc import Callable, Iterable, Iterator
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
"""All holes in an order that the seed decides. Raises `MissingData` where they cannot be had."""


def _humaneval(kind: str, cut: Callable[[Problem, int], Iterable[Infilling]]) -> Draw:
    def draw(seed: int) -> Iterator[Hole]:
        holes = [as_hole(record, kind) for problem in read_problems() for record in cut(problem, seed)]
        Random(f"{seed}/{kind}").shuffle(holes)
        return iter(holes)

    return draw


def _hub(hub_id: str, config: str | None, split: str, hole: Callable[[Row], Hole]) -> Draw:
    return lambda seed: map(hole, hub_rows(hub_id, config, split, seed))


def _safim(config: str) -> Draw:
    return _hub(safim.HUB_ID, config, "test", lambda row: safim.safim_hole(row, f"safim-{config}"))


def _repobench(language: str) -> Draw:
    return _hub(repobench.HUB_IDS[language], None, repobench.SPLIT, lambda row: repobench.repobench_hole(row, language))


BENCHMARKS: dict[str, Draw] = {
    "humaneval-single-line": _humaneval("humaneval-single-line", lambda problem, _: single_line(problem)),
    "humaneval-multi-line": _humaneval("humaneval-multi-line", lambda problem, _: multi_line(problem)),
    "humaneval-random-span": _humaneval("humaneval-random-span", random_span),
    "safim-block": _safim("block"),
    "safim-control": _safim("control"),
    "safim-api": _safim("api"),
    "repobench-python": _repobench("python"),
    "repobench-java": _repobench("java"),
    "crosscodeeval-python": _hub(crosscodeeval.HUB_ID, None, "train", crosscodeeval.crosscodeeval_hole),
}


def draw_holes(name: str, limit: int, seed: int) -> tuple[Hole, ...]:
    """Holes of a benchmark, the same ones for the same seed. Raises `UnknownName`, or `MissingData`."""
    if name not in BENCHMARKS:
        raise UnknownName(f'There is no benchmark "{name}"{near_match(name, BENCHMARKS)}')
    return tuple(islice(BENCHMARKS[name](seed), limit))
