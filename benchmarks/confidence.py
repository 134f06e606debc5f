"""How sure a model must be to be worth showing: for each threshold, how much is shown and how much of that is right.

    python benchmarks/confidence.py --data package:rich --holes 150
    python benchmarks/confidence.py --report REPORT

Holes of files kept back, as they were cut and partly typed, are answered through the pipeline that serves; or they are
those of the best arm in a report of `finetab evaluate --json`. Prints, for thresholds of the mean log-probability, the
share of answers shown, and exact matches and similarity among those.
"""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from finetab.assemble import load_completer
from finetab.core.fim import FORMS
from finetab.core.progress import silent
from finetab.settings import Settings
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.trained import Trained
from finetab_training.evaluate.holes import WRITTEN, cut_holes, partly_typed
from finetab_training.evaluate.metrics import estimate
from finetab_training.evaluate.runner import Result, answer_holes

_THRESHOLDS = (float("-inf"), -2.0, -1.5, -1.2, -1.0, -0.8, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1)


def main() -> None:
    """Answer the holes, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--form", default="prefix", choices=FORMS)
    parser.add_argument("--holes", type=int, default=150)
    parser.add_argument("--report", type=Path, help="a report of finetab evaluate --json, in place of all others")
    given = parser.parse_args()
    results = _reported(given.report) if given.report else _answered(given)
    where = str(given.report) if given.report else f"{given.data}, {given.base}, {given.adapter}, {given.form}"
    answered = [result for result in results if result.output]
    table = Table("from", "shown %", "exact %", "similarity %", "right but hidden", box=None)
    for threshold in _THRESHOLDS:
        shown = [result for result in answered if result.mean_logprob >= threshold]
        if not shown:
            break
        files = [result.path for result in shown]
        exact = estimate([float(result.exact) for result in shown], files)
        alike = estimate([result.similarity for result in shown], files)
        table.add_row(
            f"{threshold:.1f}",
            f"{100 * len(shown) / len(results):.0f}",
            *(f"{100 * one.mean:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]" for one in (exact, alike)),
            str(sum(result.exact for result in answered) - sum(result.exact for result in shown)),
        )
    console = Console()
    console.print(table)
    console.print(f"{where}: {len(results)} holes, {len(answered)} answered", highlight=False)


def _reported(path: Path) -> Sequence[Result]:
    return [Result(**hole) for hole in json.loads(path.read_text("utf-8"))["holes"]]


def _answered(given: argparse.Namespace) -> Sequence[Result]:
    cut = cut_holes(read_corpus(Recipe((given.data,))).test, given.holes, 0, Trained(), kinds=WRITTEN).holes
    holes = [hole if index % 2 else partly_typed(hole) for index, hole in enumerate(cut)]
    settings = Settings(
        base=given.base, adapter=given.adapter, form=given.form, prefix_tokens=256, suffix_tokens=96, max_new_tokens=32
    )
    with closing(load_completer(settings, silent)) as completer:
        return answer_holes(completer, track(holes, description="holes"), lambda: None)


if __name__ == "__main__":
    main()
