"""When one line is much like another: renamed, a word changed, but nobody wrote it anew."""

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.fuzz import ratio

_ALIKE = 90.0  # rapidfuzz ratio, from 0 to 100


def is_like_one_of(line: str, others: Sequence[str]) -> bool:
    """Whether nine tenths of a line are those of one of the others, letter by letter; lines come stripped."""
    return process.extractOne(line, others, scorer=ratio, score_cutoff=_ALIKE) is not None
