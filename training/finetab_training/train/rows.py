"""The rows of a run: every file's samples, packed, in an order that the seed alone decides, kept on disk.

They are made once, when a run begins. A run that goes on reads them where it was, whatever has become of the
files since, and without making any of them again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from datasets import Dataset as ArrowDataset
from datasets import Features, List, Value
from datasets.arrow_writer import ArrowWriter
from torch.utils.data import Dataset

from finetab.completion.related import Related
from finetab.core.models import BaseModel
from finetab.errors import BadFile
from finetab_training.config import RunConfig
from finetab_training.data.fim_samples import Sample, SampleMaker, mix_of
from finetab_training.data.packing import Row, pack
from finetab_training.data.source_file import SourceFile

_WINDOW = 512  # files whose samples are packed together; what is in memory at once
_BARREN_EPOCHS = 8  # in a row, after which more of them are not believed to give anything
_IDS = List(Value("int32"))
_FEATURES = Features({"ids": _IDS, "labels": _IDS, "positions": _IDS})


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What the rows of a run hold."""

    rows: int
    tokens: int
    fill_share: float
    """How much of the rows' room holds tokens, from 0 to 1."""
    samples: dict[str, int]
    """By kind, as drawn."""


def write_rows(
    path: Path,
    files: Sequence[SourceFile],
    base: BaseModel,
    config: RunConfig,
    others: Sequence[SourceFile] | None = None,
) -> RowFacts:
    """Make the rows of a run, no more than `max_steps` can use. Raises `BadFile` when nothing can be cut.

    Context comes from `others`; without them the files are one another's.
    """
    maker = SampleMaker(base.tokenizer, base.fim, config.budgets, mix_of(config))
    kinds: Counter[str] = Counter()
    num_rows, num_tokens = write_packed(path, _rows(files, maker, config, kinds, others))
    if not num_rows:
        raise BadFile(f"Nothing could be cut from the {len(files)} files of {config.data}; are they too short?")
    return RowFacts(num_rows, num_tokens, round(num_tokens / (num_rows * config.row_tokens), 4), dict(kinds))


def write_packed(path: Path, rows: Iterable[Row]) -> tuple[int, int]:
    """Write rows as they come; how many there were, and their tokens. Without any there is no file."""
    num_rows = num_tokens = 0
    writer = ArrowWriter(features=_FEATURES, path=str(path))
    for row in rows:
        writer.write({"ids": row.ids, "labels": row.labels, "positions": row.positions})
        num_rows += 1
        num_tokens += len(row.ids)
    if num_rows:
        writer.finalize()
    else:
        writer.close()
        path.unlink()
    return num_rows, num_tokens


def _rows(
    files: Sequence[SourceFile],
    maker: SampleMaker,
    config: RunConfig,
    kinds: Counter[str],
    others: Sequence[SourceFile] | None,
) -> Iterator[Row]:
    wanted = config.max_steps * config.rows_per_step
    given = epoch = barren = 0
    while given < wanted and barren < _BARREN_EPOCHS if wanted else epoch < config.epochs:
        order = list(range(len(files)))
        Random(f"{config.seed}/{epoch}/files").shuffle(order)
        given_before = given
        for start in range(0, len(order), _WINDOW):
            window = [files[index] for index in order[start : start + _WINDOW]]
            room = (wanted - given) * config.row_tokens if wanted else 0
            related = _related(others or window) if config.context_tokens else {}
            streams = [maker.samples(file, config.seed, epoch, related.get(file.source)) for file in window]
            samples = _in_turn(streams, room)
            kinds.update(sample.kind for sample in samples)
            packed = pack(samples, config.row_tokens, Random(f"{config.seed}/{epoch}/{start}/rows"))
            packed = packed[: wanted - given] if wanted else packed
            yield from packed
            given += len(packed)
            if wanted and given >= wanted:
                return
        barren = barren + 1 if given == given_before else 0
        epoch += 1


def _related(files: Sequence[SourceFile]) -> dict[str, Related]:
    """By source, what its files can be given as context. Files of a hub's dataset are of many projects: none."""
    by_source: dict[str, list[SourceFile]] = {}
    for file in files[:_WINDOW]:
        if not file.source.startswith("hub:"):
            by_source.setdefault(file.source, []).append(file)
    return {source: Related(file.document() for file in group) for source, group in by_source.items()}


def _in_turn(streams: list[Iterator[Sample]], room: int) -> list[Sample]:
    """The samples of some files, one of each file in turn, until they fill the room (0 is no bound)."""
    samples: list[Sample] = []
    tokens = 0
    while streams and (not room or tokens < room):
        drawn = [(stream, next(stream, None)) for stream in streams]
        new = [sample for _, sample in drawn if sample is not None]
        samples += new
        tokens += sum(len(sample.ids) for sample in new)
        streams = [stream for stream, sample in drawn if sample is not None]
    return samples


class StoredRows(Dataset[dict[str, torch.Tensor]]):
    """Rows of a file as tensors of shape (1, T), memory-mapped.

    Where they fill a step, those of a last step that they would fill in part are left out: several processes could not
    share them evenly.
    """

    def __init__(self, path: Path, rows_per_step: int = 1) -> None:
        rows = ArrowDataset.from_file(str(path))
        self._rows = rows.select(range(len(rows) - len(rows) % rows_per_step or len(rows)))
        self.lengths = [len(ids) for ids in self._rows["ids"]]
        """Tokens of each row."""
        self._rows_per_step = rows_per_step

    def vocabulary(self) -> list[int]:
        """Every id that some row holds, once."""
        columns = (chunk.flatten() for chunk in self._rows.data.column("ids").chunks)
        return sorted({int(index) for column in columns for index in column.unique()})

    def tokens_of_step(self, step: int) -> int:
        """Tokens of the rows that a step takes; steps are counted from 1."""
        return sum(self.lengths[(step - 1) * self._rows_per_step : step * self._rows_per_step])

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """One row."""
        row = self._rows[index]
        return {
            "input_ids": torch.tensor([row["ids"]]),
            "labels": torch.tensor([row["labels"]]),
            "position_ids": torch.tensor([row["positions"]]),
        }

    def rows(self) -> Iterator[Row]:
        """The rows as they were written."""
        for row in self._rows:
            yield Row(tuple(row["ids"]), tuple(row["labels"]), tuple(row["positions"]))

    def batches(self) -> Iterator[dict[str, torch.Tensor]]:
        """All rows as a model is called with them."""
        for index in range(len(self)):
            row = self[index]
            yield {"input_ids": row["input_ids"], "position_ids": row["position_ids"]}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a run looks at between its steps."""

    rows: StoredRows
    control: StoredRows | None
    """The same with exchanged suffixes (`data/control.py`)."""


def one_row(batch: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The collator: a batch is one packed row."""
    (row,) = batch
    return row
