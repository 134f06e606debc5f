"""What it is worth to say the loose end of a prefix anew: the same holes, answered with it and without it.

    python benchmarks/token_healing.py --data package:rich --holes 40

Each hole is asked for as it was cut, and once more with some of its letters typed, as an editor asks while a person
types. Prints exact matches and similarity in percent with 95% bootstrap intervals, and how much healing changes.
"""

import argparse
from contextlib import closing, nullcontext
from unittest.mock import patch

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from finetab.assemble import load_completer
from finetab.core.fim import FORMS
from finetab.core.progress import silent
from finetab.core.tokenizer import Tokenizer
from finetab.settings import Settings
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.trained import Trained
from finetab_training.evaluate.holes import WRITTEN, cut_holes, partly_typed
from finetab_training.evaluate.metrics import estimate, paired_difference
from finetab_training.evaluate.runner import Result, answer_holes


def main() -> None:
    """Answer the holes in both ways, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--form", default="prefix", choices=FORMS)
    parser.add_argument("--holes", type=int, default=40)
    given = parser.parse_args()
    cut = cut_holes(read_corpus(Recipe((given.data,))).test, given.holes, 0, Trained(), kinds=WRITTEN).holes
    kinds = {"as cut": cut, "partly typed": tuple(partly_typed(hole) for hole in cut if len(hole.middle) > 1)}
    settings = Settings(
        base=given.base, adapter=given.adapter, form=given.form, prefix_tokens=256, suffix_tokens=96, max_new_tokens=32
    )
    table = Table("holes", "N", "measure", "without", "with", "difference", box=None)
    with closing(load_completer(settings, silent)) as completer, Progress() as bar:
        task = bar.add_task("holes", total=2 * sum(len(holes) for holes in kinds.values()))
        for kind, holes in kinds.items():
            results: list[list[Result]] = []
            for change in (patch.object(Tokenizer, "loose_end", lambda tokenizer, ids: 0), nullcontext()):
                with change:
                    results.append(answer_holes(completer, holes, lambda: bar.update(task, advance=1)))
            for row in _rows(kind, *results):
                table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(f"{given.data}, {given.base}, {given.adapter}, {given.form}", highlight=False)


def _rows(kind: str, without: list[Result], healed: list[Result]) -> list[list[str]]:
    rows = []
    for label, values in (
        ("exact", [[float(result.exact) for result in results] for results in (without, healed)]),
        ("similarity", [[result.similarity for result in results] for results in (without, healed)]),
    ):
        files = [result.path for result in healed]
        found = [*(estimate(side, files) for side in values), paired_difference(values[1], values[0], files)]
        shown = [f"{100 * one.mean:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]" for one in found]
        rows.append([kind, str(len(without)), label, *shown])
    return rows


if __name__ == "__main__":
    main()
