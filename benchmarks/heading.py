"""What imports and signatures above a cut window are worth: the loss of middles with and without, in as many tokens.

    python benchmarks/heading.py --data package:rich --holes 80

Only holes whose prefix does not fit its budget are counted. A negative difference means that the heading helps.
"""

import argparse
from unittest.mock import patch

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn import functional

from finetab.completion import context
from finetab.completion.context import Windows
from finetab.core.manifest import Budgets
from finetab.core.models import load_base
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.trained import Trained
from finetab_training.evaluate.holes import WRITTEN, cut_holes
from finetab_training.evaluate.metrics import estimate, paired_difference


def main() -> None:
    """Ask with and without, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--holes", type=int, default=80)
    parser.add_argument("--prefix-tokens", type=int, default=256)
    given = parser.parse_args()
    corpus = read_corpus(Recipe((given.data,)))
    places = {file.place: file for file in corpus.test}
    base = load_base(given.base)
    windows = Windows(base.tokenizer, Budgets(given.prefix_tokens, 96))
    with patch.object(context, "_HEADING_SHARE", 1 << 30):
        bare = Windows(base.tokenizer, Budgets(given.prefix_tokens, 96))
    losses: dict[str, list[float]] = {"without": [], "with": []}
    for hole in track(cut_holes(corpus.test, given.holes, 0, Trained(), kinds=WRITTEN).holes, description="holes"):
        document, offset = places[hole.path].document_of(hole.prefix + hole.suffix), len(hole.prefix)
        if bare.prefix_start(document, offset) == 0:
            continue
        middle = base.tokenizer.encode(hole.middle)
        for name, cutter in (("without", bare), ("with", windows)):
            prompt = base.fim.prompt(cutter.parts(document, offset), "prefix")
            ids = torch.tensor([[*prompt, *middle]], device=base.device)
            kept = torch.arange(len(prompt) - 1, ids.shape[1] - 1, device=base.device)
            with torch.inference_mode():
                logits = base.model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[0].float()
            losses[name].append(float(functional.cross_entropy(logits, ids[0, len(prompt) :])))
    table = Table("heading", "loss per middle token", "difference", box=None)
    for name, values in losses.items():
        mean, difference = estimate(values), paired_difference(values, losses["without"])
        table.add_row(
            name,
            f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]",
            f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]",
        )
    console = Console()
    console.print(table)
    console.print(f"{given.data}, {base.name}, {len(losses['with'])} holes with a cut prefix", highlight=False)


if __name__ == "__main__":
    main()
