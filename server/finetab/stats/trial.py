"""Two adapters side by side at the desk: what became of the suggestions of each, with intervals. Pure.

Who answers is drawn line by line, so that both see the same work; a suggestion counts once it was shown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from finetab.core.blend import called
from finetab.core.pointer import Comparison
from finetab.stats.events import RETAINED, Fate, Offer, Row
from finetab.stats.summary import share

_FIRST_LOOK = 200  # suggestions of each, before which nothing is sure
_ERROR = 0.05  # of all looks together
_RESAMPLES = 10_000
_SEED = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What one suggestion was worth."""

    was_accepted: bool
    characters: float
    """Taken, and still there when somebody looked last."""
    time: float = 0.0
    """When it was offered, in seconds since 1970."""


def kept_of(
    rows: Sequence[Row], folder: str, adapter: str, since: float = 0.0, until: float | None = None
) -> list[Kept]:
    """The suggestions that were shown from a time to a time in a folder, by its mark, of an adapter, by its name.

    Rows from before folders had marks count for none.
    """
    return [
        _kept(offer, fate)
        for offer, fate in rows
        if (offer.folder, offer.adapter.partition("@")[0]) == (folder, adapter)
        and since <= offer.time <= (math.inf if until is None else until)
        and fate.shown
        and not offer.continues
    ]


def _kept(offer: Offer, fate: Fate) -> Kept:
    taken = fate.accepted or fate.partly or 0.0
    looks = [value for what in RETAINED.values() if (value := getattr(fate, what)) is not None]
    return Kept(bool(taken), taken * (looks[-1] if looks else 1.0), offer.time)


def compare_sides(rows: Sequence[Row], folder: str, comparison: Comparison) -> dict[str, Any]:
    """`compare` for the two of a comparison at the desk in a folder, by its mark."""
    names = called(comparison.one), called(comparison.other)
    one, other = (kept_of(rows, folder, name, comparison.since, comparison.until) for name in names)
    return {"names": list(names), "since": comparison.since, "until": comparison.until, **compare(one, other)}


def compare(ones: Sequence[Kept], others: Sequence[Kept]) -> dict[str, Any]:
    """Both sides and the differences, one minus the other, with 95% bootstrap intervals, as plain data."""
    return {
        "one": _side(ones),
        "other": _side(others),
        "acceptance": _difference([kept.was_accepted for kept in ones], [kept.was_accepted for kept in others]),
        "characters": _difference([kept.characters for kept in ones], [kept.characters for kept in others]),
    }


def is_worse(ones: Sequence[Kept], others: Sequence[Kept]) -> bool:
    """Whether surely less is kept, on average, of a suggestion of one side than of one of the other; both in order.

    However often this is asked, there is a new look only when the first side has 200, 400, 800, … suggestions, at what
    was known then. The looks share an error of 5% (a half, a sixth, a twelfth, … of it), so that of adapters that are
    as good as the other side fewer than one in twenty is ever called worse.
    """
    look = (len(ones) // _FIRST_LOOK).bit_length() - 1
    if look < 0:
        return False
    ones = ones[: _FIRST_LOOK << look]
    others = [kept for kept in others if kept.time <= ones[-1].time]
    return len(others) >= _FIRST_LOOK and _is_lower(ones, others, _ERROR / ((look + 1) * (look + 2)))


def _is_lower(ones: Sequence[Kept], others: Sequence[Kept], error: float) -> bool:
    """Whether the first mean lies below the second by more than chance does, but for an error."""
    values = [np.asarray([kept.characters for kept in side], dtype=float) for side in (ones, others)]
    # The greater variance for both: a side that happens to have few accepted suggestions has a small one of its own.
    deviation = math.sqrt(max(each.var(ddof=1) for each in values) * sum(1 / len(each) for each in values))
    return bool(values[0].mean() - values[1].mean() < NormalDist().inv_cdf(error) * deviation)


def _side(kept: Sequence[Kept]) -> dict[str, Any]:
    accepted = sum(one.was_accepted for one in kept)
    characters = sum(one.characters for one in kept)
    return {
        "shown": len(kept),
        "accepted": accepted,
        "acceptance": share(accepted, len(kept)),
        "characters_kept": round(characters),
        "characters_each": round(characters / len(kept), 2) if kept else None,
    }


def _difference(ones: Sequence[float], others: Sequence[float]) -> dict[str, float] | None:
    """Of the means of two independent groups; None where one is empty."""
    if not ones or not others:
        return None
    generator = np.random.default_rng(_SEED)
    means = [_resampled(np.asarray(values, dtype=float), generator) for values in (ones, others)]
    low, high = np.percentile(means[0] - means[1], [2.5, 97.5])
    mean = float(np.mean(ones)) - float(np.mean(others))
    return {"mean": round(mean, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _resampled(values: "np.ndarray[Any, np.dtype[np.float64]]", generator: np.random.Generator) -> Any:
    # A mean of n draws with replacement is a weighting of the values, and few of them differ: most are 0. So no n times
    # 10,000 numbers are needed.
    different, counts = np.unique(values, return_counts=True)
    weights = generator.multinomial(len(values), counts / len(values), size=_RESAMPLES)
    return weights @ different / len(values)
