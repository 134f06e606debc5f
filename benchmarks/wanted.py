"""What it is worth to know what the code below waits for: the same holes, answered with that and without it.

    python benchmarks/wanted.py --benchmark humaneval-single-line [--every 4]
    python benchmarks/wanted.py                                     # the general holes

Only holes are answered where a name or a block's header is wanted. How many want a name is printed as well, and how
many of the texts that a person wrote there have it. Exact matches and similarity in percent with 95% bootstrap
intervals.
"""

import argparse
import re
from contextlib import closing, nullcontext
from unittest.mock import patch

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from finetab.assemble import load_completer
from finetab.completion.request import CompletionRequest
from finetab.completion.wanted import Wanted, wanted
from finetab.core.progress import silent
from finetab.settings import Settings
from finetab_training.data.hole import Hole
from finetab_training.evaluate.benchmarks.table import draw_holes
from finetab_training.evaluate.general import general_holes
from finetab_training.evaluate.metrics import estimate, paired_difference
from finetab_training.evaluate.runner import Result, answer_holes

_ALL = 1 << 20


def main() -> None:
    """Answer the holes in both ways, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", help="such as humaneval-single-line; the general holes where there is none")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--every", type=int, default=1, help="answer each so-many-th hole")
    given = parser.parse_args()
    holes = draw_holes(given.benchmark, _ALL, 0) if given.benchmark else general_holes()
    found = [(hole, what) for hole in holes if (what := _wanted(hole)) is not None]
    named = [(hole, names) for hole, what in found if (names := (*what.names, *what.called))]
    right = sum(any(re.search(rf"\b{name}\b", hole.middle) for name in names) for hole, names in named)
    asked = [hole for hole, _ in found][:: given.every]
    console, results = Console(), list[list[Result]]()
    with (
        closing(load_completer(Settings(base=given.base, adapter=given.adapter), silent)) as completer,
        Progress() as bar,
    ):
        task = bar.add_task("holes", total=2 * len(asked))
        for change in (patch("finetab.completion.completer.wanted", lambda request: None), nullcontext()):
            with change:
                results.append(answer_holes(completer, asked, lambda: bar.update(task, advance=1)))
        label = completer.label
    console.print(_table(*results))
    console.print(f"{len(named)} of {len(holes)} holes want a name, and {right} of the texts written there have it")
    console.print(f"{given.benchmark or 'general'}, {label}", highlight=False)


def _wanted(hole: Hole) -> Wanted | None:
    return wanted(CompletionRequest(hole.document(), len(hole.prefix)))


def _table(without: list[Result], favoured: list[Result]) -> Table:
    table = Table("N", "measure", "without", "with", "difference", box=None)
    files = [result.path for result in favoured]
    for label, values in (
        ("exact", [[float(result.exact) for result in results] for results in (without, favoured)]),
        ("similarity", [[result.similarity for result in results] for results in (without, favoured)]),
    ):
        found = [*(estimate(side, files) for side in values), paired_difference(values[1], values[0], files)]
        shown = [f"{100 * one.mean:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]" for one in found]
        table.add_row(str(len(files)), label, *shown)
    return table


if __name__ == "__main__":
    main()
