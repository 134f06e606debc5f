"""What became of the suggestions at this machine's editors, from the server's own statistics."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetab.core.pointer import read_pointer
from finetab.stats.database import database_path, read_rows
from finetab.stats.events import Row
from finetab.stats.mark import mark_of
from finetab.stats.summary import summarise
from finetab.stats.trial import compare_sides

ENDS = {
    "accepted": "accepted", "partly_accepted": "partly", "typed": "typed by hand", "rejected": "rejected",
    "passed_over": "passed over",
}  # fmt: skip
_STAGES = {"total": "from the model", "prefill": "reading", "decode": "writing", "memory": "from memory"}


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of suggestions, with its 95% interval."""

    name: str
    rate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Left:
    """How much is left, on average, of what was accepted, some seconds later."""

    seconds: int
    mean: float
    n: int


@dataclass(frozen=True, slots=True)
class Latency:
    """What half of the answers do not exceed, and 95 of 100."""

    stage: str
    p50_ms: float
    p95_ms: float
    n: int


@dataclass(frozen=True, slots=True)
class Trial:
    """Two adapters that take turns at the desk, or took turns until a time; both in seconds since 1970."""

    sides: tuple[Rate, ...]
    """How often suggestions of each were accepted; none for one that has shown nothing yet."""
    difference: tuple[float, float, float] | None
    """Of the characters kept of a suggestion: mean, low, high; the first side minus the second."""
    names: tuple[str, str]
    since: float
    until: float | None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What the page shows. All is empty where nothing was suggested."""

    answers: int
    shown: int
    ends: Mapping[str, int]
    """How many of those shown ended in which way."""
    adapters: tuple[Rate, ...]
    languages: tuple[Rate, ...]
    left: tuple[Left, ...]
    latencies: tuple[Latency, ...]


def read_suggestions(rows: list[Row], days: int | None) -> Suggestions:
    """What rows of the statistics come to."""
    found = summarise(rows, days)
    return Suggestions(
        found["answers"], found["shown"], {label: found[key] for key, label in ENDS.items() if found[key]},
        _rates(found["adapters"]), _rates(found["languages"]),
        tuple(Left(int(seconds), one["mean"], one["n"]) for seconds, one in found["retained"].items() if one["n"]),
        tuple(Latency(_STAGES[stage], one["p50"], one["p95"], one["n"])
              for stage, one in found["latency_ms"].items() if one),
    )  # fmt: skip


def rows_of(days: int | None) -> list[Row]:
    """The rows of the last days, None for all that are kept. Raises `BadFile` where they cannot be read."""
    return read_rows(database_path(), days)


def _rates(groups: Mapping[str, Any]) -> tuple[Rate, ...]:
    rates = ((name, group["acceptance"], group["shown"]) for name, group in groups.items())
    return tuple(Rate(name, rate["rate"], rate["low"], rate["high"], shown) for name, rate, shown in rates if rate)


def read_trial(root: Path) -> Trial | None:
    """The comparison that runs in a folder, else the last one that has ended, None where there was none.

    It is of all its days, as `finetab ab report` tells it. Raises `BadFile` for a damaged pointer.
    """
    comparison = read_pointer(root).comparison
    return None if comparison is None else _trial(compare_sides(rows_of(None), mark_of(root), comparison))


def _trial(found: Mapping[str, Any]) -> Trial:
    one, other = found["names"]
    sides = ((name, found[side]) for name, side in ((one, "one"), (other, "other")))
    rates = tuple(
        Rate(name, side["acceptance"]["rate"], side["acceptance"]["low"], side["acceptance"]["high"], side["shown"])
        for name, side in sides
        if side["acceptance"]
    )
    kept = found["characters"]
    difference = (kept["mean"], kept["low"], kept["high"]) if kept else None
    return Trial(rates, difference, (one, other), found["since"], found["until"])
