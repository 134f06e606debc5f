"""Rows of a benchmark that lies on the Hugging Face hub, through `datasets`, which keeps what it has fetched."""

from collections.abc import Iterator
from random import Random
from typing import Any, TypeAlias

from datasets import load_dataset

from finetab.errors import MissingData

Row: TypeAlias = dict[str, Any]


def hub_rows(hub_id: str, config: str | None, split: str, seed: int) -> Iterator[Row]:
    """All rows of a split in a seeded order. Raises `MissingData` where they cannot be had."""
    try:
        rows = load_dataset(hub_id, config, split=split)
    except Exception as error:
        raise MissingData(
            f"The benchmark {hub_id} cannot be fetched from the hub ({' '.join(str(error).split())}); it is fetched "
            "once and kept, so this needs a network the first time."
        ) from error
    order = list(range(len(rows)))
    Random(f"{seed}/{hub_id}").shuffle(order)
    return (rows[index] for index in order)


def text_of(row: Row, column: str, hub_id: str) -> str:
    """A column of text. Raises `MissingData` when the data set has changed and has it no more."""
    value = row.get(column)
    if not isinstance(value, str):
        raise MissingData(f"The benchmark {hub_id} has no text {column!r} any more; it has {', '.join(sorted(row))}.")
    return value
