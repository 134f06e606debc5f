"""What it is worth to know how the line at the cursor begins: the same holes, answered with that and without it.

    python benchmarks/leaning.py --benchmark humaneval-single-line [--every 4]
    python benchmarks/leaning.py                                     # the general holes
    python benchmarks/leaning.py --only missing

Only holes are answered where something is known: an import that is missing, a name or a header that is wanted, or
what is unwanted. How many miss or want a name is printed as well, and how many of the texts that a person wrote there
have it; and how many of those texts begin with what is unwanted. Exact matches and similarity in percent with 95%
bootstrap intervals.
"""

import argparse
import re
from contextlib import ExitStack, closing
from unittest.mock import patch

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from finetab.assemble import load_completer
from finetab.completion.indentation import indentation
from finetab.completion.missing import missing
from finetab.completion.request import CompletionRequest
from finetab.completion.unwanted import unwanted
from finetab.completion.wanted import wanted
from finetab.core.progress import silent
from finetab.settings import Settings
from finetab_training.data.hole import Hole
from finetab_training.evaluate.benchmarks.table import draw_holes
from finetab_training.evaluate.general import general_holes
from finetab_training.evaluate.metrics import estimate, paired_difference
from finetab_training.evaluate.runner import Result, answer_holes

_ALL = 1 << 20
_KNOWN = ("missing", "wanted", "unwanted")


def main() -> None:
    """Answer the holes in both ways, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", help="such as humaneval-single-line; the general holes where there is none")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--only", choices=_KNOWN, help="leave the others as they are in both")
    parser.add_argument("--every", type=int, default=1, help="answer each so-many-th hole")
    given = parser.parse_args()
    holes = draw_holes(given.benchmark, _ALL, 0) if given.benchmark else general_holes()
    changed = (given.only,) if given.only else _KNOWN
    asked = [hole for hole in holes if any(_knows(name, hole) for name in changed)][:: given.every]
    console, results = Console(), list[list[Result]]()
    with (
        closing(load_completer(Settings(base=given.base, adapter=given.adapter), silent)) as completer,
        Progress() as bar,
    ):
        task = bar.add_task("holes", total=2 * len(asked))
        for left_out in (changed, ()):
            with ExitStack() as stack:
                for name in left_out:
                    stack.enter_context(patch(f"finetab.completion.completer.{name}", lambda *_, **__: None))
                results.append(answer_holes(completer, asked, lambda: bar.update(task, advance=1)))
        label = completer.label
    console.print(_table(*results))
    console.print(_told(holes))
    console.print(f"{given.benchmark or 'general'}, {label}", highlight=False)


def _request(hole: Hole) -> CompletionRequest:
    return CompletionRequest(hole.document(), len(hole.prefix))


def _knows(name: str, hole: Hole) -> bool:
    request = _request(hole)
    if name == "unwanted":
        return unwanted(request, sees_below=True) is not None
    lacks = missing(request) is not None
    return lacks if name == "missing" else not lacks and wanted(request) is not None


def _told(holes: tuple[Hole, ...]) -> str:
    """How what is known agrees with what a person wrote there."""
    lacking = {hole: what.names for hole in holes if (what := missing(_request(hole))) is not None}
    found = {hole: wanted(_request(hole)) for hole in holes if hole not in lacking}
    named = {hole: names for hole, what in found.items() if what is not None and (names := (*what.names, *what.called))}
    known = [hole for hole in holes if _knows("unwanted", hole)]
    return (
        f"of {len(holes)} holes {len(lacking)} lack an import, and {_have(lacking)} of the texts there have it;\n"
        f"{len(named)} want a name, and {_have(named)} of the texts there have it;\n"
        f"in {len(known)} something is unwanted, and {sum(map(_begins_unwanted, known))} of those texts begin with it"
    )


def _have(named: dict[Hole, tuple[str, ...]]) -> int:
    return sum(any(re.search(rf"\b{name}\b", hole.middle) for name in names) for hole, names in named.items())


def _begins_unwanted(hole: Hole) -> bool:
    what = unwanted(_request(hole), sees_below=True)
    assert what is not None
    line = next(iter(f"{what.left}{hole.middle}".lstrip("\n").split("\n")))
    word = re.match(r"\w*", line.strip())
    is_last = word is not None and word[0] in what.last and indentation(line) == what.column
    return is_last or (bool(what.comments) and line.lstrip().startswith(what.comments))


def _table(without: list[Result], leaning: list[Result]) -> Table:
    table = Table("N", "measure", "without", "with", "difference", box=None)
    files = [result.path for result in leaning]
    for label, values in (
        ("exact", [[float(result.exact) for result in results] for results in (without, leaning)]),
        ("similarity", [[result.similarity for result in results] for results in (without, leaning)]),
    ):
        found = [*(estimate(side, files) for side in values), paired_difference(values[1], values[0], files)]
        shown = [f"{100 * one.mean:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]" for one in found]
        table.add_row(str(len(files)), label, *shown)
    return table


if __name__ == "__main__":
    main()
