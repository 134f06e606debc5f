"""The general holes: code of packages that no training of finetab's own sees, to tell what a tuning has unlearned.

They are cut by `benchmarks/make_holes.py` from `recipes/general-holes-packages.txt` and change with neither.
"""

from pathlib import Path
from random import Random

from finetab_training.data.hole import Hole, read_holes

GENERAL_HOLES = Path(__file__).parent / "data" / "general_holes.jsonl.gz"


def general_holes() -> tuple[Hole, ...]:
    """All of them, in order of their files."""
    return read_holes(GENERAL_HOLES)


def drawn_general_holes() -> list[Hole]:
    """All of them, drawn once and for all, so that the first ones stand for the rest and are the same every time."""
    holes = general_holes()
    return Random(0).sample(holes, len(holes))
