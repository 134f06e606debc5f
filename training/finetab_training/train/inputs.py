"""What a run trains on, kept in its folder: the rows, the facts of its files, and which files and lines they hold.

Written once and whole when the run begins. A run that goes on finds them as they were.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from finetab.core.atomic import new_folder
from finetab.core.models import BaseModel
from finetab_training.config import RunConfig
from finetab_training.data.spans import WEIGHTS
from finetab_training.data.trained import read_trained, trained_on, write_trained
from finetab_training.train.prepare import Prepared
from finetab_training.train.rows import write_rows

ROWS = "rows.arrow"
HELD_OUT = "held_out.arrow"
# What an editor asks for.
_SERVED: dict[str, Any] = {**dict.fromkeys(WEIGHTS, 0.0), "line": 0.4, "rest": 0.4, "block": 0.2}
_FACTS = "facts.json"


def write_inputs(
    folder: Path, prepared: Prepared, base: BaseModel, config: RunConfig, start: Path | None = None
) -> None:
    """Make the rows of a run and keep them with what its manifest will say.

    What the adapter in `start` was trained on counts as trained on.
    """
    with new_folder(folder) as building:
        rows = write_rows(building / ROWS, prepared.training, base, config)
        if prepared.test and config.held_out_rows:
            held_out = replace(
                config, kinds=_SERVED, left_to_right_share=0.0, max_steps=config.held_out_rows, rows_per_step=1
            )
            write_rows(building / HELD_OUT, prepared.test, base, held_out, prepared.training)
        trained = trained_on(prepared.training)
        write_trained(building, trained.joined(read_trained(start)) if start else trained)
        (building / _FACTS).write_text(json.dumps(prepared.facts | asdict(rows), indent=2) + "\n", "utf-8")


def read_facts(folder: Path) -> dict[str, Any]:
    """What the manifest says of the data."""
    facts: dict[str, Any] = json.loads((folder / _FACTS).read_text("utf-8"))
    return facts
