"""What adapters answer to the holes, through the pipeline that serves, and how long it takes to bring them in force.

All of them, and the base, hold the weights in full precision: a technique that cannot lie beside 8-bit weights should
not look better for it.
"""

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from finetab.assemble import Loader
from finetab.core.atomic import write_text
from finetab.core.pointer import BARE
from finetab.core.progress import silent
from finetab.settings import Settings
from finetab_training.compare.material import Material
from finetab_training.config import RunConfig
from finetab_training.evaluate.runner import Result
from finetab_training.tune.arms import CANDIDATE, Arm, answered, arms_of, served_now

_SWAPS = 3


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one adapter, or of the base."""

    holes: list[Result]
    general: list[Result]
    swap_seconds: float = 0.0
    """From the order to bring it in force, in a process that has the base loaded, until it can be asked; a median."""


class Examiner:
    """Puts the holes to adapters. Close it: it keeps the base loaded."""

    def __init__(self, material: Material, config: RunConfig, adapter: Path, advance: Callable[[int], None]) -> None:
        """`adapter` is any one of those to come: the base is asked with the budgets of its manifest."""
        self._material = material
        self._settings = Settings(device=config.device, dtype=config.dtype, quantisation="none")
        self._advance = advance
        self._load = Loader()
        served = served_now(BARE, config.base)
        (self._base,) = (arm for arm in self._arms(adapter) if arm.name == served)
        self._held = self._load(self._base.settings, silent)

    def base(self, folder: Path) -> Answers:
        """What the base alone answers, as it would be served; kept in a folder."""
        return Answers(*self._answers(self._base, folder))

    def adapter(self, adapter: Path, folder: Path) -> Answers:
        """What an adapter answers, and its swap."""
        (arm,) = (arm for arm in self._arms(adapter) if arm.name == CANDIDATE)
        return Answers(*self._answers(arm, folder), self._swap(arm, folder / "swap.json"))

    def close(self) -> None:
        """Let the base go."""
        self._held.close()

    def _arms(self, adapter: Path) -> tuple[Arm, ...]:
        return arms_of(self._settings, adapter, BARE, retrieval_tokens=0)

    def _answers(self, arm: Arm, folder: Path) -> tuple[list[Result], list[Result]]:
        holes, general = self._material.holes, self._material.general
        return (
            answered(arm, holes, folder / "holes.jsonl", self._load, self._advance),
            answered(arm, general, folder / "general.jsonl", self._load, self._advance),
        )

    def _swap(self, arm: Arm, path: Path) -> float:
        if not path.is_file():
            write_text(path, json.dumps([self._swapped(arm) for _ in range(_SWAPS)]))
        return float(median(json.loads(path.read_text("utf-8"))))

    def _swapped(self, arm: Arm) -> float:
        began = time.perf_counter()
        with closing(self._load(arm.settings, silent)):
            return time.perf_counter() - began
