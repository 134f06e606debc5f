"""The rows of a run: every file's samples, packed epoch by epoch, in an order that the seed alone decides."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch.utils.data import Dataset

from finetab.core.manifest import Budgets
from finetab.core.models import BaseModel
from finetab.errors import BadFile
from finetab_training.config import RunConfig
from finetab_training.data.corpus import SourceFile
from finetab_training.data.fim_samples import Sample, SampleMaker, SampleMix
from finetab_training.data.packing import Row, fill_share, pack


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows of all epochs and what they hold."""

    rows: tuple[Row, ...]
    num_samples: dict[str, int]
    """By kind."""
    fill_share: float


def make_rows(files: Sequence[SourceFile], base: BaseModel, config: RunConfig) -> RowSet:
    """The rows of a run, no more than `max_steps` can use. Raises `BadFile` when nothing can be cut."""
    maker = SampleMaker(base.tokenizer, base.fim, budgets(config), _mix(config))
    wanted = config.max_steps * config.rows_per_step
    rows: list[Row] = []
    kinds: Counter[str] = Counter()
    epoch = 0
    while len(rows) < wanted if wanted else epoch < config.epochs:
        room = (wanted - len(rows)) * config.row_tokens if wanted else 0
        samples = _drawn(files, maker, config.seed, epoch, room)
        kinds.update(sample.kind for sample in samples)
        packed = pack(samples, config.row_tokens, Random(f"{config.seed}/{epoch}/rows"))
        if not packed:
            raise BadFile(f"Nothing could be cut from the {len(files)} files of {config.data}; are they too short?")
        rows += packed
        epoch += 1
    kept = tuple(rows[:wanted] if wanted else rows)
    return RowSet(kept, dict(kinds), fill_share(kept, config.row_tokens))


def _drawn(files: Sequence[SourceFile], maker: SampleMaker, seed: int, epoch: int, room: int) -> list[Sample]:
    """An epoch's samples, one file after the other in turn, until they fill the room (0 is no bound)."""
    order = list(files)
    Random(f"{seed}/{epoch}/files").shuffle(order)
    streams = [maker.samples(file, seed, epoch) for file in order]
    samples: list[Sample] = []
    tokens = 0
    while streams and (not room or tokens < room):
        drawn = [(stream, next(stream, None)) for stream in streams]
        samples += [sample for _, sample in drawn if sample is not None]
        tokens = sum(len(sample.ids) for sample in samples)
        streams = [stream for stream, sample in drawn if sample is not None]
    return samples


def budgets(config: RunConfig) -> Budgets:
    """The token budgets of prompts, in training and in service."""
    return Budgets(config.prefix_tokens, config.suffix_tokens)


def _mix(config: RunConfig) -> SampleMix:
    return SampleMix(
        form="psm" if config.form == "psm" else "spm",
        left_to_right_share=config.left_to_right_share,
        psm_share=config.psm_share,
        characters_per_sample=config.characters_per_sample,
        max_middle_tokens=config.max_middle_tokens,
        max_stretch_tokens=min(SampleMix().max_stretch_tokens, config.row_tokens - 2),  # begin and end token
    )


class RowDataset(Dataset[dict[str, torch.Tensor]]):
    """Rows as tensors of shape (1, T)."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """One row."""
        row = self._rows[index]
        return {
            "input_ids": torch.tensor([row.ids]),
            "labels": torch.tensor([row.labels]),
            "position_ids": torch.tensor([row.positions]),
        }


def one_row(batch: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The collator: a batch is one packed row."""
    (row,) = batch
    return row
