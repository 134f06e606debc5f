"""Whether a candidate may be put in force: only on a gain that is certain, and when nothing else has suffered.

A rule looks at one thing and says in a sentence what it saw; the candidate passes when all of them hold. Differences
are paired, hole by hole, with 95% bootstrap intervals over files and their holes. "No sure difference" is an answer,
and promotes nothing; nor do holes that are too few for an interval to hold what it says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from finetab_training.evaluate.metrics import Estimate, percentile, sureness
from finetab_training.evaluate.runner import Result
from finetab_training.evaluate.scores import difference

MIN_HOLES = 300
"""Below this only large gains can be told from chance."""
LEAST_HOLES, LEAST_FILES = 30, 5
"""Below these an interval over files is too narrow itself: two or three files agree by chance."""
MOST_LATENCY = 1.10
_RESAMPLES = 2_000
_SEED = 0

Arms: TypeAlias = Mapping[str, Sequence[Result]]
"""The results of each way of asking, by its name, on the same holes in the same order."""
Times: TypeAlias = Mapping[str, Sequence[float]]
"""Milliseconds of each way of asking, by its name, for the same holes, asked in turns."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that was looked at."""

    name: str
    holds: bool
    says: str
    difference: dict[str, float] | None = None
    """The estimate behind it, in shares of one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says of a candidate."""

    rules: tuple[Rule, ...]
    is_forced: bool = False

    @property
    def passes(self) -> bool:
        """Whether every rule holds."""
        return all(rule.holds for rule in self.rules)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for a manifest."""
        return {"passes": self.passes, "forced": self.is_forced, "rules": [asdict(rule) for rule in self.rules]}


def decide(own: Arms, general: Arms, times: Times, candidate: str, in_force: str, num_secrets: int) -> Decision:
    """Judge a candidate by its answers on the folder's own new lines and on the general set.

    It has to beat every other arm that could be served instead, its own with more context aside; `in_force` is the arm
    that is served now. `times` are those of the candidate and of `timed_against(in_force)`; `num_secrets` counts what
    it said by heart that looks like a secret.
    """
    rivals = [name for name in own if name.startswith("base") or name == in_force]
    gains = [_gain(own, candidate, rival) for rival in dict.fromkeys(rivals)]
    no_slower = _latency(times, candidate, timed_against(in_force))
    others = (_no_loss(general, candidate, in_force), no_slower, _secrets(num_secrets), _enough(own[candidate]))
    return Decision((*gains, *others))


def timed_against(in_force: str) -> str:
    """The arm that an adapter's latency is held against: one that reads as much, else the suffix would count as slow.

    On a cold prompt reading it costs, and holes are always cold; while somebody types it is read once.
    """
    return "base-fim" if in_force == "base-prefix" else in_force


def _gain(own: Arms, candidate: str, rival: str) -> Rule:
    found = _similarity(own, candidate, rival)
    says = f"similarity on new lines, {candidate} - {rival}: {in_points(found)}"
    return Rule(f"gain over {rival}", found.low > 0, says, found.to_dict())


def _no_loss(general: Arms, candidate: str, in_force: str) -> Rule:
    found = _similarity(general, candidate, in_force)
    says = f"similarity on the general set, {candidate} - {in_force}: {in_points(found)}"
    return Rule("no loss elsewhere", found.high >= 0, says, found.to_dict())


def _similarity(arms: Arms, one: str, other: str) -> Estimate:
    return difference(arms[one], arms[other], "edit_similarity")


def _latency(times: Times, candidate: str, other: str) -> Rule:
    """The p95 of one over the other; noise is no rise, so it is the interval that must lie above."""
    found = _ratio(times[candidate], times[other])
    says = f"p95 latency, {candidate} over {other}: {found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"
    return Rule("no slower", found.low <= MOST_LATENCY, says, found.to_dict())


def _ratio(ones: Sequence[float], others: Sequence[float]) -> Estimate:
    """The ratio of 95th percentiles on the same holes, with its bootstrap interval."""
    pairs = np.asarray([ones, others], dtype=float)
    drawn = np.random.default_rng(_SEED).integers(0, pairs.shape[1], (_RESAMPLES, pairs.shape[1]))
    tops = np.percentile(pairs[:, drawn], 95, axis=2)
    low, high = np.percentile(tops[0] / np.maximum(tops[1], 1e-9), [2.5, 97.5])
    ratio = percentile(ones, 0.95) / max(percentile(others, 0.95), 1e-9)
    return Estimate(ratio, float(low), float(high), len(ones))


def _secrets(count: int) -> Rule:
    says = f"{count} secrets said by heart" if count else "no secret was said by heart"
    return Rule("no secrets", not count, says)


def _enough(results: Sequence[Result]) -> Rule:
    num_files = len({result.path for result in results})
    holds = len(results) >= LEAST_HOLES and num_files >= LEAST_FILES
    says = f"{len(results)} holes in {num_files} file{'s' if num_files != 1 else ''}"
    needed = "" if holds else f"; it takes {LEAST_HOLES} in {LEAST_FILES} for a gain to be certain"
    return Rule("enough to judge by", holds, says + needed)


def in_points(found: Estimate) -> str:
    """A difference of shares in percentage points, and what it means."""
    sure = sureness(found.low, found.high)
    return f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}], {sure}, N {found.n}"
