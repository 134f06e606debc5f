"""What a smaller encoder costs: accuracy, size and speed at each ratio, plain SVD beside the ways that look at data.

    python benchmarks/compression_encoder.py [--ratios 0.6,0.3,0.1] [--steps 1000] [--distil 200]

A small BERT learns here, in two minutes, which kind of file some words and signs of it are from: Python, its stubs, C++
headers, JavaScript, JSON, Markdown and the like, as the packages of this environment have them. Then it is factored on
the path that `finetab compress` takes with causal models: plain SVD of the weights, factors that keep outputs with
ranks by how far each layer moves the answers, and the same with the original's answers learned again. Accuracy is on
pieces of other packages, with 95% bootstrap intervals over packages and their pieces; `gain` is to the original, piece
by piece.
"""

import argparse
import re
import sysconfig
import time
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import TypeAlias
from zlib import crc32

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers import BertConfig, BertForSequenceClassification, PreTrainedModel

from finetab.core.products import fast_products
from finetab_training.compress.distilling import distil
from finetab_training.compress.factoring import Text, factor, num_numbers
from finetab_training.compress.task import CLASS, Labelled, accuracies, losses
from finetab_training.evaluate.metrics import estimate, paired_difference

_KINDS = (".py", ".pyi", ".h", ".hpp", ".c", ".js", ".json", ".md", ".rst", ".txt", ".toml", ".yaml", ".html", ".css")
_WORDS = re.compile(rb"\w+|[^\w\s]|\s+")
_LENGTH, _IDS = 64, 4_096  # of a piece; words share ids by chance
_START = 0
_LEAST_FILES, _PIECES_A_FILE = 12, 4
_LEAST_BYTES, _MOST_BYTES = 1_000, 100_000
_BATCH, _CALIBRATION, _PROBES = 32, 128, 32
_RATE = 6e-4
_ROUNDS = 9
Piece: TypeAlias = tuple[str, Labelled]
"""With the package that it is of."""


def main() -> None:
    """Gather, teach, compress, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratios", default="0.6,0.3,0.1")
    parser.add_argument("--steps", type=int, default=1_000, help="of teaching it, 32 pieces each")
    parser.add_argument("--distil", type=int, default=200, help="steps, 32 pieces each")
    parser.add_argument("--test", type=int, default=400, help="pieces to measure with")
    given = parser.parse_args()
    console = Console(width=120)
    kinds, pieces, measured = _pieces(Random(0))
    training = [piece for _, piece in pieces]
    packages = [package for package, _ in measured[: given.test]]
    test = [piece for _, piece in measured[: given.test]]
    model = _taught(len(kinds), training, given.steps)
    console.print(f"{len(kinds)} kinds ({' '.join(kinds)}), {len(training)} pieces to learn, {len(test)} to measure")
    table = Table("", "ratio", "numbers, k", "time a piece", "loss", "accuracy %", "gain", box=None)
    before = accuracies(model, test, CLASS)
    table.add_row("original", "1", *_row(model, model, test, before, before, packages))
    seen = Text(training[:_CALIBRATION], training[:_PROBES], CLASS)
    for ratio in track([float(each) for each in given.ratios.split(",")], "compressing", console=console):
        for way in ("plain", "whitened", "distilled"):
            small = deepcopy(model)
            factor(small, ratio, None if way == "plain" else seen, lambda _doing: None)
            if way == "distilled":
                distil(small, model, training, given.distil, lambda _loss: None, CLASS)
            right = accuracies(small, test, CLASS)
            table.add_row(way, f"{ratio:g}", *_row(small, model, test, right, before, packages))
    console.print(table)


def _pieces(generator: Random) -> tuple[list[str], list[Piece], list[Piece]]:
    """The kinds that are common here, and pieces of files; those to measure with are of packages that nobody saw."""
    root = Path(sysconfig.get_path("purelib"))
    files = [path for path in sorted(root.rglob("*")) if path.suffix in _KINDS and path.stat().st_size > _LEAST_BYTES]
    generator.shuffle(files)
    kinds = [kind for kind in _KINDS if sum(path.suffix == kind for path in files) >= _LEAST_FILES]
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for kind in kinds:
        for path in [path for path in files if path.suffix == kind][:400]:
            package = _package(path.relative_to(root).parts[0])
            side = sides[Random(package).random() < 0.3]
            words = _WORDS.findall(path.read_bytes()[:_MOST_BYTES])
            for _ in range(_PIECES_A_FILE if len(words) > _LENGTH else 0):
                start = generator.randrange(len(words) - _LENGTH)
                ids = [_START, *(1 + crc32(word) % (_IDS - 1) for word in words[start : start + _LENGTH])]
                side.append((package, Labelled(torch.tensor([ids]), kinds.index(kind))))
    for side in sides:
        generator.shuffle(side)
    return kinds, *sides


def _package(name: str) -> str:
    """Of an entry of site-packages: NAME, NAME.py and NAME-VERSION.dist-info are one package."""
    return name.split("-", maxsplit=1)[0].removesuffix(".py").lower()


def _taught(num_kinds: int, rows: Sequence[Labelled], steps: int) -> PreTrainedModel:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=_IDS, hidden_size=192, num_hidden_layers=4, num_attention_heads=4, intermediate_size=768,
        max_position_embeddings=_LENGTH + 1,
    )  # fmt: skip
    config.num_labels = num_kinds
    model = BertForSequenceClassification(config)
    optimiser = torch.optim.AdamW(model.parameters(), _RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, steps)
    for step in track(range(steps), "teaching"):
        batch = [rows[(step * _BATCH + at) % len(rows)] for at in range(_BATCH)]
        ids, labels = torch.cat([row.ids for row in batch]), torch.tensor([row.label for row in batch])
        optimiser.zero_grad()
        with fast_products(are_exact=False):
            model(input_ids=ids, labels=labels).loss.backward()
        optimiser.step()
        schedule.step()
    model.eval()
    return model


def _row(
    small: PreTrainedModel,
    original: PreTrainedModel,
    test: Sequence[Labelled],
    right: Sequence[float],
    before: Sequence[float],
    packages: Sequence[str],
) -> list[str]:
    speed = f"{_milliseconds(small, original, test[0]):.2f}x"
    loss = f"{mean(losses(small, test, CLASS)):.3f}"
    gain = paired_difference(right, before, packages).percent("+")
    return [f"{num_numbers(small) / 1e3:,.0f}", speed, loss, estimate(right, packages).percent(), gain]


@torch.inference_mode()
def _milliseconds(small: PreTrainedModel, original: PreTrainedModel, row: Labelled) -> float:
    """The time for one piece, over the original's, in turns."""
    ratios = []
    for _ in range(_ROUNDS):
        taken = []
        for model in (small, original):
            started = time.perf_counter()
            CLASS.read(model, row)
            taken.append(time.perf_counter() - started)
        ratios.append(taken[0] / taken[1])
    return median(ratios)


if __name__ == "__main__":
    main()
