"""The samples in a row that a run trains on, as text."""

from dataclasses import dataclass

from datasets import Dataset

from finetab.core.bases import real_name
from finetab.core.fim import read_format
from finetab.core.weights import base_folder
from finetab.errors import BadFile
from finetab_training.dashboard.reading.found import FoundRun
from finetab_training.data.packing import bounds
from finetab_training.data.show import SampleText, text_of
from finetab_training.train.inputs import ROWS


@dataclass(frozen=True, slots=True)
class RowText:
    """One packed row."""

    num_rows: int
    """Of the run."""
    samples: tuple[SampleText, ...]


def read_row(run: FoundRun, index: int) -> RowText:
    """A row of a run, counted from 0, beyond the last one the last one. Raises `FinetabError` where it cannot be."""
    path = run.folder / "inputs" / ROWS
    if not path.is_file():
        raise BadFile(f"{run.folder} has no rows yet; they are made when its base has been loaded.")
    tokenizer, fim = read_format(base_folder(run.config.base), real_name(run.config.base))
    rows = Dataset.from_file(str(path))
    row = rows[min(index, len(rows) - 1)]
    return RowText(
        len(rows),
        tuple(
            text_of(row["ids"][start:end], row["labels"][start:end], tokenizer, fim)
            for start, end in bounds(row["positions"])
        ),
    )
