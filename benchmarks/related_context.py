"""What code from other files is worth: the loss of middles on files kept back, with and without it, on the same holes.

    python benchmarks/related_context.py --data package:rich --holes 60

The base is asked with the prefix only (`--form spm` with an adapter that was trained with context). A negative
difference means that the context helps. Prints means with 95% bootstrap intervals, and what the prompts cost.
"""

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn import functional

from finetab.adapters.attach import attach
from finetab.adapters.library import read_adapter
from finetab.completion.context import Windows
from finetab.completion.related import Related
from finetab.core.fim import FORMS, Form
from finetab.core.manifest import Budgets
from finetab.core.models import load_base
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole, write_holes
from finetab_training.data.trained import Trained
from finetab_training.evaluate.holes import WRITTEN, cut_holes
from finetab_training.evaluate.metrics import estimate, paired_difference

_BUDGETS = (0, 128, 256, 512)


def main() -> None:
    """Ask with each budget, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--form", default="prefix", choices=FORMS)
    parser.add_argument("--holes", type=int, default=60)
    parser.add_argument("--save-holes", type=Path)
    given = parser.parse_args()
    corpus = read_corpus(Recipe((given.data,)))
    holes = cut_holes(corpus.test, given.holes, 0, Trained(), kinds=WRITTEN).holes
    if given.save_holes:
        write_holes(given.save_holes, holes)
    base = load_base(given.base)
    model = base.model if given.adapter == "base" else attach(base, *read_adapter(given.adapter))
    related = Related(file.document() for file in corpus.training)
    places = {file.place: file for file in corpus.test}
    losses: dict[int, list[float]] = {budget: [] for budget in _BUDGETS}
    context_tokens: dict[int, list[float]] = {budget: [] for budget in _BUDGETS}
    form: Form = given.form

    def loss(hole: Hole, budget: int) -> tuple[float, int]:
        document = places[hole.path].document_of(hole.prefix + hole.suffix)
        chunks = related.best(document, len(hole.prefix))
        parts = Windows(base.tokenizer, Budgets(256, 96, budget)).parts(document, len(hole.prefix), chunks)
        prompt = base.fim.prompt(parts, form)
        middle = base.tokenizer.encode(hole.middle)
        ids = torch.tensor([[*prompt, *middle]], device=base.device)
        kept = torch.arange(len(prompt) - 1, ids.shape[1] - 1, device=base.device)
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[0].float()
        return float(functional.cross_entropy(logits, ids[0, len(prompt) :])), len(parts.context)

    for hole in track(holes, description="holes"):
        for budget in _BUDGETS:
            value, tokens = loss(hole, budget)
            losses[budget].append(value)
            context_tokens[budget].append(tokens)
    table = Table("context budget", "tokens used", "loss per middle token", "against none", box=None)
    for budget in _BUDGETS:
        mean, difference = estimate(losses[budget]), paired_difference(losses[budget], losses[0])
        table.add_row(
            str(budget),
            f"{sum(context_tokens[budget]) / len(holes):.0f}",
            f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]",
            f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]",
        )
    console = Console()
    console.print(table)
    console.print(f"{given.data}, {base.name}, {given.adapter}, {form}, {len(holes)} holes", highlight=False)


if __name__ == "__main__":
    main()
