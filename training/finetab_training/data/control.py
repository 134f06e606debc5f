"""The control that tells whether a suffix is used: the same middles, each with the suffix of another sample.

A model that completes as well with a foreign suffix has learned code, or when to stop, but not to fill in the middle.
"""

from collections.abc import Sequence

from finetab.core.fim import FimFormat
from finetab_training.data.packing import Row, bounds


def exchange_suffixes(rows: Sequence[Row], fim: FimFormat) -> list[Row]:
    """Rows of FIM samples, of any order of parts, in which each sample has the suffix of the next one, the last the
    first's.

    What counts is what counted, in as many rows; a row's length follows its suffixes.
    """
    pieces = [_pieces(row, fim) for row in rows]
    suffixes = [ids[start:end] for row in pieces for ids, _, start, end in row]
    following = iter(suffixes[1:] + suffixes[:1])
    return [_joined(row, [next(following) for _ in row]) for row in pieces]


_Piece = tuple[tuple[int, ...], tuple[int, ...], int, int]
"""Ids and labels of a sample, and where its suffix starts and ends."""


def _pieces(row: Row, fim: FimFormat) -> list[_Piece]:
    pieces = []
    for start, end in bounds(row.positions):
        ids, labels = row.ids[start:end], row.labels[start:end]
        pieces.append((ids, labels, ids.index(fim.suffix_id) + 1, ids.index(fim.middle_id)))
    return pieces


def _joined(pieces: Sequence[_Piece], suffixes: Sequence[tuple[int, ...]]) -> Row:
    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    for (own, counted, start, end), suffix in zip(pieces, suffixes, strict=True):
        ids += own[:start] + suffix + own[end:]
        labels += counted[:start] + counted[:1] * len(suffix) + counted[end:]
        positions += range(len(own) - (end - start) + len(suffix))
    return Row(tuple(ids), tuple(labels), tuple(positions))
