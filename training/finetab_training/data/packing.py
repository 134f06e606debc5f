"""Samples to rows: several in one row, none cut, none seeing another.

ids        a a a a b b b c c
positions  0 1 2 3 0 1 2 0 1     positions that start again are what keeps samples apart: with no
labels     - - a a - - b - c     attention mask and no cache, transformers builds the block mask from them
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from finetab.errors import BadSetting
from finetab_training.data.fim_samples import IGNORED, Sample


@dataclass(frozen=True, slots=True)
class Row:
    """One packed row; the three have equal length."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    positions: tuple[int, ...]


def pack(samples: Sequence[Sample], row_tokens: int, generator: Random) -> list[Row]:
    """Best fit, longest first, then shuffled: rows are more than 95% full unless samples are few.

    Raises `BadSetting` when a sample is longer than a row.
    """
    open_rows: list[tuple[int, int]] = []  # (room left, index), sorted
    bins: list[list[Sample]] = []
    for sample in sorted(samples, key=lambda sample: -len(sample.ids)):
        length = len(sample.ids)
        if length > row_tokens:
            raise BadSetting(f"A sample has {length} tokens, a row {row_tokens}; raise row_tokens or lower budgets.")
        place = bisect_left(open_rows, (length, -1))
        if place < len(open_rows):
            room, index = open_rows.pop(place)
        else:
            room, index = row_tokens, len(bins)
            bins.append([])
        bins[index].append(sample)
        insort(open_rows, (room - length, index))
    for samples_of_row in bins:
        generator.shuffle(samples_of_row)
    generator.shuffle(bins)
    return [_row(samples_of_row) for samples_of_row in bins]


def bounds(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where each sample of a row starts and ends, by the row's positions."""
    return pairwise([*(place for place, position in enumerate(positions) if position == 0), len(positions)])


def _row(samples: Sequence[Sample]) -> Row:
    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    for sample in samples:
        ids.extend(sample.ids)
        # The first token of a sample would be predicted from the end of the one before it.
        labels.extend((IGNORED, *sample.labels[1:]))
        positions.extend(range(len(sample.ids)))
    return Row(tuple(ids), tuple(labels), tuple(positions))
