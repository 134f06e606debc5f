"""How close an answer is to what a person wrote, and how sure a mean over holes is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

_RESAMPLES = 10_000
_SEED = 0  # the same answers give the same interval


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


def estimate(values: Sequence[float], files: Sequence[str] = ()) -> Estimate:
    """The mean of values over holes; the interval is the mean alone where there are fewer than two.

    `files` says which file each hole is of: holes of one file resemble each other, so files are drawn anew and, within
    each of them, its holes. Without it, each hole counts as one of its own.
    """
    return estimate_over_seeds([values], files)


def estimate_percentile(values: Sequence[float], share: float) -> Estimate:
    """The value below which a share (0 to 1) of the values lies, as `mean`, with its interval over holes."""
    array = np.asarray(values, dtype=float)
    found = percentile(values, share)
    if array.size < 2:
        return Estimate(found, found, found, int(array.size))
    drawn = np.random.default_rng(_SEED).integers(0, array.size, (_RESAMPLES, array.size))
    return _estimate(found, np.percentile(array[drawn], share * 100, axis=1), array.size)


def paired_difference(values: Sequence[float], others: Sequence[float], files: Sequence[str] = ()) -> Estimate:
    """The mean of values minus others on the same holes (paired bootstrap); `files` as for `estimate`."""
    return estimate([value - other for value, other in zip(values, others, strict=True)], files)


def estimate_over_seeds(values_SH: Sequence[Sequence[float]], files: Sequence[str] = ()) -> Estimate:
    """The mean over seeds (rows) and holes (columns); each replicate draws holes anew, and seeds anew for all holes.

    Drawing seeds apart for each hole would let a seed's luck, which all its holes share, average out (the pigeonhole
    bootstrap: Owen 2007, doi 10.1214/07-AOAS122). One seed less is drawn than there are, or few of them would seem
    surer than they are (Rao and Wu 1988). With one seed, the interval is over holes alone. `files` as for `estimate`.
    """
    array_SH = np.asarray(values_SH, dtype=float)
    num_seeds, num_holes = array_SH.shape
    if num_holes < 2:
        found = float(array_SH.mean()) if num_holes else 0.0
        return Estimate(found, found, found, num_holes)
    counts_RH = _times_drawn(tuple(files) or tuple(map(str, range(num_holes))))
    num_drawn = max(1, num_seeds - 1)
    generator = np.random.default_rng(_SEED)
    seeds_RS = generator.multinomial(num_drawn, np.full(num_seeds, 1 / num_seeds), _RESAMPLES) / num_drawn
    sums_RS = counts_RH @ array_SH.T.astype(np.float32)
    return _estimate(float(array_SH.mean()), (sums_RS * seeds_RS).sum(axis=1) / counts_RH.sum(axis=1), num_holes)


def _estimate(found: float, replicates: NDArray[np.float64], num_holes: int) -> Estimate:
    low, high = np.percentile(replicates, [2.5, 97.5])
    return Estimate(found, float(low), float(high), num_holes)


@lru_cache(maxsize=4)  # most figures of a report are of the same holes; a thousand of them are 40 MB
def _times_drawn(files: tuple[str, ...]) -> NDArray[np.float32]:
    """How often each replicate (R) draws each hole (H): as many files as there are, in each as many holes as it has."""
    generator = np.random.default_rng(_SEED)
    columns = defaultdict(list)
    for column, file in enumerate(files):
        columns[file].append(column)
    counts_RH = np.empty((_RESAMPLES, len(files)), dtype=np.float32)
    times_RF = generator.multinomial(len(columns), np.full(len(columns), 1 / len(columns)), _RESAMPLES)
    for times_R, of_file in zip(times_RF.T, columns.values(), strict=True):
        size = len(of_file)
        counts_RH[:, of_file] = generator.multinomial(times_R * size, np.full(size, 1 / size))
    return counts_RH


def sureness(low: float, high: float) -> str:
    """What the interval of a difference says."""
    return "better" if low > 0 else "worse" if high < 0 else "no sure difference"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share (0 to 1) of the values lies; 0 for none."""
    return float(np.percentile(np.asarray(values), share * 100)) if values else 0.0
