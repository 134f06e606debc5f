"""Training samples on the terminal: their parts in colour, and what kinds, lengths and languages a dataset gives."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from random import Random

from rich.table import Table
from rich.text import Text

from finetab.core.bases import real_name
from finetab.core.console import open_console
from finetab.core.fim import FimFormat, read_format
from finetab.core.tokenizer import Tokenizer
from finetab.core.weights import base_folder
from finetab_training.config import RunConfig
from finetab_training.data.dataset import read_dataset
from finetab_training.data.fim_samples import IGNORED, Sample, SampleMaker, mix_of
from finetab_training.data.source_file import SourceFile

_COUNTED_FILES = 200  # enough for a histogram
_BAR = 40  # characters
_SHOWN_LINES = 12  # of prefix and of suffix


def show_samples(folder: Path, count: int, base: str, seed: int) -> None:
    """Print samples as the default config draws them."""
    console = open_console()
    files = read_dataset(folder)[0]
    tokenizer, fim = read_format(base_folder(base), real_name(base))
    config = RunConfig()
    maker = SampleMaker(tokenizer, fim, config.budgets, mix_of(config))
    order = list(range(len(files)))
    Random(f"{seed}/show").shuffle(order)
    samples: list[tuple[SourceFile, Sample]] = []
    for index in order[:_COUNTED_FILES]:
        samples += [(files[index], sample) for sample in maker.samples(files[index], seed, epoch=0)]
    for file, sample in samples[:: max(1, len(samples) // count)][:count] if count else []:
        console.rule(f"{file.source}/{file.path}, {sample.kind}, {len(sample.ids)} tokens", align="left")
        console.print(_coloured(sample, tokenizer, fim))
    console.rule()
    console.print(f"{len(samples):,} samples of {min(len(order), _COUNTED_FILES):,} of {len(order):,} files")
    console.print(_bars("kind", (sample.kind for _, sample in samples)))
    console.print(
        _bars("tokens of the middle", (_size(sample) for _, sample in samples if sample.kind != "left-to-right"))
    )
    console.print(_bars("language", (file.language.name for file, _ in samples)))


def _coloured(sample: Sample, tokenizer: Tokenizer, fim: FimFormat) -> Text:
    """Prefix plain, middle marked, suffix dim; a left-to-right sample as it is."""
    text = text_of(sample.ids, sample.labels, tokenizer, fim)
    if sample.kind == "left-to-right":
        return Text(text.middle)
    return Text.assemble(
        "\n".join(text.prefix.split("\n")[-_SHOWN_LINES:]),
        (text.middle, "black on green"),
        ("\n".join(text.suffix.split("\n")[:_SHOWN_LINES]), "dim"),
    )


@dataclass(frozen=True, slots=True)
class SampleText:
    """A sample in the order of the file; a left-to-right sample is all middle."""

    prefix: str
    middle: str
    """What the loss counts at its end; where the prefix counts too, the last tokens of that may be among it."""
    suffix: str


def text_of(ids: Sequence[int], labels: Sequence[int], tokenizer: Tokenizer, fim: FimFormat) -> SampleText:
    """The text of a sample's ids, whatever the order of its parts."""
    if fim.middle_id not in ids:
        control = (fim.bos_id, fim.end_id)
        return SampleText("", tokenizer.decode([index for index in ids if index not in control]), "")
    # From the end: drawn tokens of the prefix may count as well, apart from the middle.
    counted = sum(1 for _ in takewhile(lambda label: label != IGNORED, reversed(labels)))
    parts = fim.unprompt(ids[:-counted], "psm")  # its rule finds the parts of both forms
    middle = tokenizer.decode(ids[-counted:-1])
    return SampleText(tokenizer.decode(parts.prefix), middle, tokenizer.decode(parts.suffix))


def _size(sample: Sample) -> str:
    tokens = sum(label != IGNORED for label in sample.labels) - 1
    return next((f"to {bound:3}" for bound in (4, 8, 16, 32, 64) if tokens <= bound), "more")


def _bars(title: str, values: Iterable[str]) -> Table:
    counts = Counter(values)
    table = Table(title, "samples", "", box=None)
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}", "█" * round(_BAR * count / max(counts.values())))
    return table
