"""What a run trains on, kept in its folder: the rows, the facts of its files, and which files and lines they hold.

Written once and whole when the run begins. A run that goes on finds them as they were.
"""

import json
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

from finetab.core.atomic import new_folder
from finetab.core.models import BaseModel
from finetab.errors import BadFile
from finetab_training.config import RunConfig
from finetab_training.data.control import exchange_suffixes
from finetab_training.data.spans import WEIGHTS
from finetab_training.data.trained import read_trained, trained_on, write_trained
from finetab_training.train.prepare import Prepared
from finetab_training.train.rows import HeldOut, StoredRows, write_packed, write_rows

ROWS = "rows.arrow"
HELD_OUT = "held_out.arrow"
CONTROL = "held_out_control.arrow"
"""The held-out rows with exchanged suffixes."""
# What an editor asks for.
_SERVED: dict[str, Any] = {
    "kinds": {**dict.fromkeys(WEIGHTS, 0.0), "line": 0.4, "rest": 0.4, "block": 0.2},
    "left_to_right_share": 0.0, "prefix_share": 0.0, "psm_share": 0.0, "short_share": 0.0,
}  # fmt: skip
_FACTS = "facts.json"


def write_inputs(
    folder: Path, prepared: Prepared, base: BaseModel, config: RunConfig, start: Path | None = None
) -> None:
    """Make the rows of a run and keep them with what its manifest will say.

    What the adapter in `start` was trained on counts as trained on.
    """
    with new_folder(folder) as building:
        rows = write_rows(building / ROWS, prepared.training, base, config)
        if config.held_out_rows and prepared.validation:
            _write_held_out(building, prepared, base, config)
        chosen_by = prepared.validation if (building / HELD_OUT).is_file() else ()
        trained = trained_on(chain(prepared.training, chosen_by))
        write_trained(building, trained.joined(read_trained(start)) if start else trained)
        (building / _FACTS).write_text(json.dumps(prepared.facts | asdict(rows), indent=2) + "\n", "utf-8")


def _write_held_out(folder: Path, prepared: Prepared, base: BaseModel, config: RunConfig) -> None:
    """The rows that choose among checkpoints, and their control; none of files that are too short to be cut."""
    served = replace(config, **_SERVED, max_steps=config.held_out_rows, rows_per_step=1)
    try:
        write_rows(folder / HELD_OUT, prepared.validation, base, served, prepared.training)
    except BadFile:
        return
    held_out = list(StoredRows(folder / HELD_OUT).rows())
    write_packed(folder / CONTROL, exchange_suffixes(held_out, base.fim))


def read_held_out(folder: Path) -> HeldOut | None:
    """What a run looks at between its steps; None where no file was kept back."""
    if not (folder / HELD_OUT).is_file():
        return None
    control = folder / CONTROL
    return HeldOut(StoredRows(folder / HELD_OUT), StoredRows(control) if control.is_file() else None)


def read_facts(folder: Path) -> dict[str, Any]:
    """What the manifest says of the data."""
    facts: dict[str, Any] = json.loads((folder / _FACTS).read_text("utf-8"))
    return facts
