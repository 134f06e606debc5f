"""The ids that code is mostly written with, for vocabularies that are large: lists that ship.

`recipes/likely_ids.py` makes one from files of many languages. Which ids are in it decides how fast answers come, never
what they are (`engine/draft.py`).
"""

from pathlib import Path

import numpy as np

from finetab.core.vocabulary import Ids

FOLDER = Path(__file__).parent.parent / "shipped" / "likely"


def likely_ids(model_type: str, num_ids: int) -> Ids | None:
    """In ascending order; None where there is no list for a family's vocabulary of this size."""
    path = list_path(model_type, num_ids)
    if not path.is_file():
        return None
    return np.flatnonzero(np.unpackbits(np.load(path), count=num_ids))


def list_path(model_type: str, num_ids: int) -> Path:
    """Where the list for a vocabulary is, if there is one."""
    return FOLDER / f"{model_type}-{num_ids}.npy"
