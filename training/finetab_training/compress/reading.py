"""What a compression reads: rows of ids to calibrate and learn with, and others, of other files, to measure with."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

from finetab.core.base import Base
from finetab.errors import BadFile
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.dataset import is_dataset, read_dataset
from finetab_training.data.source_file import SourceFile

_ROW_TOKENS = 256
_MEASURED = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of ids, each (1, T)."""

    learned: list[torch.Tensor]
    measured: list[torch.Tensor]
    files: list[str]
    """Of each measured row."""


def read_rows(data: str, base: Base, num_learned: int, seed: int) -> Reading:
    """Rows of a source or a dataset; as many files as there are take part, before one gives a second row.

    Raises `BadFile` where there are too few, and what reading the data raises.
    """
    training, test = _sides(data, seed)
    learned = _cut(training, base, num_learned, seed)
    measured = _cut(test, base, _MEASURED, seed)
    if len(learned) < 2 or not measured:
        raise BadFile(
            f"{data} holds too little to compress with: {len(learned)} rows of {_ROW_TOKENS} tokens to learn from, and "
            f"{len(measured)} of other files to measure with."
        )
    return Reading([row for _, row in learned], [row for _, row in measured], [place for place, _ in measured])


def _sides(data: str, seed: int) -> tuple[Sequence[SourceFile], Sequence[SourceFile]]:
    if is_dataset(Path(data)):
        training, test, report = read_dataset(Path(data))
        if report["split"]["by"] != "time":
            return training, test
        known = {file.place for file in training}  # most of the later side are the same files once more
        return training, [file for file in test if file.place not in known]
    corpus = read_corpus(Recipe((data,), cut="none", seed=seed))
    return corpus.training, corpus.test


def _cut(files: Sequence[SourceFile], base: Base, most: int, seed: int) -> list[tuple[str, torch.Tensor]]:
    """Rows with their files, in turns: a large file would otherwise stand for all of them."""
    generator = Random(f"{seed}/compress")
    order = list(range(len(files)))
    generator.shuffle(order)
    turns = deque(_pieces(files, index, base, generator) for index in order)
    found: list[tuple[str, torch.Tensor]] = []
    while turns and len(found) < most:
        pieces = turns.popleft()
        if (row := next(pieces, None)) is not None:
            found.append(row)
            turns.append(pieces)
    return found


def _pieces(
    files: Sequence[SourceFile], index: int, base: Base, generator: Random
) -> Iterator[tuple[str, torch.Tensor]]:
    """A file's rows, each once, in a random order; it is read when the first one is asked for."""
    file = files[index]
    start = [] if base.fim.bos_id is None else [base.fim.bos_id]
    room = _ROW_TOKENS - len(start)
    ids = base.tokenizer.encode(file.text)
    for place in generator.sample(range(len(ids) // room), len(ids) // room):
        yield file.place, torch.tensor([[*start, *ids[place * room : (place + 1) * room]]])
