"""Times of arms: as many of each, taken in turns, each turn with an arm's own adapter."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetab.assemble import Loader
from finetab.core.pointer import BARE
from finetab.settings import Settings
from finetab_training.data.hole import Hole
from finetab_training.tune.arms import Arm
from finetab_training.tune.timing import MOST_TIMED, timed


def test_arms_take_turns_and_only_so_many_holes_are_timed(tiny: Callable[[str], Path]) -> None:
    settings = Settings(base=str(tiny("llama")), adapter=BARE, form="prefix")
    arms = [Arm("one", settings), Arm("two", replace(settings, form="spm"))]
    holes = [Hole("a.py", "python", f"x{index} = ", "\n", "1", "line") for index in range(MOST_TIMED + 5)]
    load = Loader()
    order: list[str] = []
    told: list[int] = []

    def loading(of: Settings, *rest: Any) -> Any:
        order.append(of.form)
        return load(of, *rest)

    times = timed(arms, holes, loading, told.append)
    assert {name: len(found) for name, found in times.items()} == {"one": MOST_TIMED, "two": MOST_TIMED}
    assert all(each > 0 for found in times.values() for each in found)
    assert order == ["prefix", "spm"] * 6
    assert sum(told) == 2 * MOST_TIMED
