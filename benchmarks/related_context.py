"""What code from other files is worth: the loss of middles on files kept back, and greedy answers, with and without it.

    python benchmarks/related_context.py --data package:rich --holes 60
    python benchmarks/related_context.py --data package:rich --holes 60 --files all

Without `--files all` the other files are those that a hole's file imports, as in an editor with one open file. The base
is asked with the prefix only (`--form spm` with an adapter that was trained with context). Differences are to the same
holes without context, with 95% bootstrap intervals: of losses, a negative one means that the context helps.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn import functional

from finetab.adapters.attach import attach
from finetab.adapters.library import read_adapter
from finetab.completion.completer import Completer, Voice
from finetab.completion.context import Windows
from finetab.completion.related import Related
from finetab.core.fim import FORMS, Form
from finetab.core.imports import imported_files
from finetab.core.manifest import Budgets
from finetab.core.models import load_base
from finetab.documents import Document
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork
from finetab.settings import Settings
from finetab_training.data.corpus import Corpus, Recipe, read_corpus
from finetab_training.data.hole import Hole, write_holes
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import Trained
from finetab_training.evaluate.holes import WRITTEN, cut_holes, in_context
from finetab_training.evaluate.metrics import estimate, paired_difference
from finetab_training.evaluate.runner import Result, answer_holes

_BUDGETS = (0, 128, 256, 512)
_ANSWERED = (0, 256)


def main() -> None:
    """Ask with each budget, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--form", default="prefix", choices=FORMS)
    parser.add_argument("--files", default="imported", choices=("imported", "all"))
    parser.add_argument("--holes", type=int, default=60)
    parser.add_argument("--save-holes", type=Path)
    given = parser.parse_args()
    corpus = read_corpus(Recipe((given.data,)))
    holes = cut_holes(corpus.test, given.holes, 0, Trained(), kinds=WRITTEN).holes
    if given.save_holes:
        write_holes(given.save_holes, holes)
    base = load_base(given.base)
    model = base.model if given.adapter == "base" else attach(base, *read_adapter(given.adapter))
    places = {file.place: file for file in corpus.test}
    neighbours = {hole.path: _neighbours(places[hole.path], corpus, given.files) for hole in holes}
    related = {path: Related(files) for path, files in neighbours.items()}
    form: Form = given.form

    def loss(hole: Hole, budget: int) -> tuple[float, int]:
        document = places[hole.path].document_of(hole.prefix + hole.suffix)
        chunks = related[hole.path].best(document, len(hole.prefix))
        parts = Windows(base.tokenizer, Budgets(256, 96, budget)).parts(document, len(hole.prefix), chunks)
        prompt = base.fim.prompt(parts, form)
        middle = base.tokenizer.encode(hole.middle)
        ids = torch.tensor([[*prompt, *middle]], device=base.device)
        kept = torch.arange(len(prompt) - 1, ids.shape[1] - 1, device=base.device)
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[0].float()
        return float(functional.cross_entropy(logits, ids[0, len(prompt) :])), len(parts.context)

    measured = {budget: [loss(hole, budget) for hole in track(holes, f"loss, {budget}")] for budget in _BUDGETS}
    engine = TorchEngine(TransformersNetwork(model), base.fim.end_id, base.never_sampled)
    voice = Voice(base.name, given.adapter, base.tokenizer, base.fim, form, Budgets(256, 96), Settings().max_new_tokens)
    answers = {
        budget: _answers(Completer(engine, replace(voice, budgets=Budgets(256, 96, budget))), holes, neighbours)
        for budget in _ANSWERED
    }
    engine.close()
    console = Console()
    console.print(_table_of_losses(measured))
    console.print(_table_of_answers(answers))
    said = f"{given.data}, {given.files} files, {base.name}, {given.adapter}, {form}, {len(holes)} holes"
    console.print(said, highlight=False)


def _neighbours(file: SourceFile, corpus: Corpus, which: str) -> tuple[Document, ...]:
    """The files that a file imports, or all of its project that are not kept back."""
    others = {other.place: other for other in (*corpus.training, *corpus.test) if other is not file}
    if which == "imported":
        return tuple(others[place].document() for place in imported_files(file.tree(), file.place, others.__contains__))
    return tuple(other.document() for other in corpus.training)


def _answers(completer: Completer, holes: Sequence[Hole], neighbours: dict[str, tuple[Document, ...]]) -> list[Result]:
    return [
        result
        for hole in track(holes, f"answers, {completer.voice.budgets.context}")
        for result in answer_holes(completer, list(in_context([hole], neighbours[hole.path])), lambda: None)
    ]


def _table_of_losses(measured: dict[int, list[tuple[float, int]]]) -> Table:
    table = Table("context budget", "tokens used", "loss per middle token", "against none", box=None)
    losses = {budget: [loss for loss, _ in found] for budget, found in measured.items()}
    for budget, found in measured.items():
        mean, difference = estimate(losses[budget]), paired_difference(losses[budget], losses[0])
        table.add_row(
            str(budget),
            f"{sum(tokens for _, tokens in found) / len(found):.0f}",
            f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]",
            f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]",
        )
    return table


def _table_of_answers(answers: dict[int, list[Result]]) -> Table:
    table = Table("context budget", "exact %", "against none", "similarity %", "against none", box=None)
    for budget, found in answers.items():
        cells = [str(budget)]
        for value, before in (
            ([float(result.exact) for result in found], [float(result.exact) for result in answers[0]]),
            ([result.similarity for result in found], [result.similarity for result in answers[0]]),
        ):
            mean, gain = estimate(value), paired_difference(value, before)
            cells.append(f"{100 * mean.mean:.1f}")
            cells.append(f"{100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]")
        table.add_row(*cells)
    return table


if __name__ == "__main__":
    main()
