"""How close an answer is to what a person wrote, and how sure a mean over holes is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

_RESAMPLES = 10_000
_SEED = 0  # the same answers give the same interval
_Statistic: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Of samples in the last axis."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, or a percentile, with its 95% bootstrap interval (percentiles) over n holes."""

    mean: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, float]:
        """As plain data."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "n": self.n}

    def percent(self, sign: str = "") -> str:
        """A share as a table shows it, `39.3 [35.6, 43.0]`; with `+` for differences."""
        mean, low, high = (format(100 * value, f"{sign}.1f") for value in (self.mean, self.low, self.high))
        return f"{mean} [{low}, {high}]"


def exact_match(answer: str, middle: str) -> bool:
    """Whether they are the same text, blank space at the ends of lines and of the whole aside."""
    return _normal(answer) == _normal(middle)


def edit_similarity(answer: str, middle: str) -> float:
    """One minus the Levenshtein distance over the longer length, from 0 to 1."""
    return float(Levenshtein.normalized_similarity(_normal(answer), _normal(middle)))


def _normal(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of values over holes; the interval is the mean alone where there are fewer than two."""
    return _bootstrap(values, lambda samples: samples.mean(axis=-1))


def estimate_percentile(values: Sequence[float], share: float) -> Estimate:
    """The value below which a share (0 to 1) of the values lies, as `mean`, with its interval."""
    return _bootstrap(values, lambda samples: np.percentile(samples, share * 100, axis=-1))


def _bootstrap(values: Sequence[float], statistic: _Statistic) -> Estimate:
    array = np.asarray(values, dtype=float)
    found = float(statistic(array)) if array.size else 0.0
    if array.size < 2:
        return Estimate(found, found, found, int(array.size))
    generator = np.random.default_rng(_SEED)
    low, high = np.percentile(
        statistic(array[generator.integers(0, array.size, (_RESAMPLES, array.size))]), [2.5, 97.5]
    )
    return Estimate(found, float(low), float(high), int(array.size))


def paired_difference(values: Sequence[float], others: Sequence[float]) -> Estimate:
    """The mean of values minus others on the same holes, resampled by hole (paired bootstrap)."""
    return estimate([value - other for value, other in zip(values, others, strict=True)])


def estimate_over_seeds(values_SH: Sequence[Sequence[float]]) -> Estimate:
    """The mean over seeds (rows) and holes (columns); each replicate draws holes anew, and seeds anew for all holes.

    Drawing seeds apart for each hole would let a seed's luck, which all its holes share, average out (the pigeonhole
    bootstrap: Owen 2007, doi 10.1214/07-AOAS122). One seed less is drawn than there are, or few of them would seem
    surer than they are (Rao and Wu 1988). With one seed, the interval is over holes alone.
    """
    array = np.asarray(values_SH, dtype=float)
    num_seeds, num_holes = array.shape
    generator = np.random.default_rng(_SEED)
    num_drawn = max(1, num_seeds - 1)
    shares_RS = generator.multinomial(num_drawn, np.full(num_seeds, 1 / num_seeds), _RESAMPLES) / num_drawn
    holes_RH = generator.integers(0, num_holes, (_RESAMPLES, num_holes))
    means = np.take_along_axis(shares_RS @ array, holes_RH, axis=1).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high), num_holes)


def sureness(low: float, high: float) -> str:
    """What the interval of a difference says."""
    return "better" if low > 0 else "worse" if high < 0 else "no sure difference"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share (0 to 1) of the values lies; 0 for none."""
    return float(np.percentile(np.asarray(values), share * 100)) if values else 0.0
