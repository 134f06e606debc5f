"""How long arms take for the same holes, asked in turns, so that what else the machine does meets all of them alike.

The answers themselves are given arm after arm, hours apart where a tune goes on, so their own times cannot be compared.
"""

from collections.abc import Callable, Sequence
from contextlib import closing

from finetab.completion.completer import Completer
from finetab.completion.request import LoadService
from finetab.core.progress import silent
from finetab_training.data.hole import Hole
from finetab_training.evaluate.runner import answer_holes
from finetab_training.tune.arms import Arm

MOST_TIMED = 60
"""Holes."""
_A_TURN = 10  # holes: each turn brings the arm's adapter in force anew


def timed(
    arms: Sequence[Arm], holes: Sequence[Hole], load: LoadService, advance: Callable[[int], None]
) -> dict[str, list[float]]:
    """Milliseconds for each of the first holes, by the arm's name."""
    times: dict[str, list[float]] = {arm.name: [] for arm in arms}
    for start in range(0, min(len(holes), MOST_TIMED), _A_TURN):
        some = holes[start : min(start + _A_TURN, MOST_TIMED)]
        for arm in arms:
            service = load(arm.settings, silent)
            assert isinstance(service, Completer)
            with closing(service):
                answer_holes(service, some[-1:], lambda: None)  # the first one after a load takes longer
                times[arm.name] += [result.latency_ms for result in answer_holes(service, some, lambda: None)]
            advance(len(some))
    return times
