"""From rows to what a person wants to know, as plain data. Pure.

An offer that continues another one is the same suggestion to the user: it counts for the times and for the share that
came from memory, and for nothing else.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from finetab.stats.events import RETAINED, WORKED_OUT, Fate, Offer, Row

# Two-sided 95 % of a normal distribution.
_Z = 1.959964


def summarise(rows: Sequence[Row], days: int | None = None) -> dict[str, Any]:
    """The summary of all rows, and of each language and each adapter; `days` is what they were chosen by."""
    return {
        "days": days,
        **_summary(rows),
        "languages": _by(rows, attrgetter("language")),
        "adapters": _by(rows, lambda offer: f"{offer.base} · {offer.adapter}"),
    }


def _by(rows: Sequence[Row], key: Callable[[Offer], str]) -> dict[str, dict[str, Any]]:
    """A summary for each group, the one that was shown most first."""
    ordered = sorted(rows, key=lambda row: key(row[0]))
    groups = {name: _summary(list(group)) for name, group in groupby(ordered, lambda row: key(row[0]))}
    return dict(sorted(groups.items(), key=lambda item: -item[1]["shown"]))


def _summary(rows: Sequence[Row]) -> dict[str, Any]:
    shown = [(offer, fate) for offer, fate in rows if not offer.continues and fate.shown]
    fates = [fate for _, fate in shown]
    ends = [_end(fate) for fate in fates]
    accepted = ends.count("accepted")
    return {
        "shown": len(shown),
        "asked_for": sum(offer.is_explicit for offer, _ in shown),
        **{end: ends.count(end) for end in ("accepted", "partly_accepted", "typed", "rejected", "passed_over")},
        "acceptance": share(accepted, len(shown)),
        "characters_accepted": round(sum(fate.accepted or fate.partly or 0 for fate in fates)),
        "retained": {str(seconds): _retained(fates, what) for seconds, what in RETAINED.items()},
        "answers": len(rows),
        "from_memory": share(sum(offer.why not in WORKED_OUT for offer, _ in rows), len(rows)),
        "latency_ms": _latency([offer for offer, _ in rows]),
    }


def _end(fate: Fate) -> str:
    """How a shown suggestion ended: what was taken by command goes before all else that is told of it."""
    if fate.accepted:
        return "accepted"
    if fate.partly:
        return "partly_accepted"
    if fate.typed:
        return "typed"
    return "rejected" if fate.rejected else "passed_over"


def share(part: int, whole: int) -> dict[str, float] | None:
    """A share with its 95 % interval (Wilson's, which is right for few and for none as well); None of nothing."""
    if not whole:
        return None
    rate, spread = part / whole, _Z**2 / whole
    middle = (rate + spread / 2) / (1 + spread)
    reach = math.sqrt(rate * (1 - rate) * spread + spread**2 / 4) / (1 + spread)
    return {"rate": round(rate, 4), "low": round(max(0.0, middle - reach), 4), "high": round(middle + reach, 4)}


def _retained(fates: Iterable[Fate], what: str) -> dict[str, Any]:
    """How much of what was taken is left, on average, where somebody looked."""
    taken = (fate for fate in fates if fate.accepted or fate.partly)
    left = [value for fate in taken if (value := getattr(fate, what)) is not None]
    return {"mean": round(sum(left) / len(left), 4) if left else None, "n": len(left)}


def _latency(offers: Sequence[Offer]) -> dict[str, Any]:
    """Times of the answers that the model worked out, by stage, and of those from memory."""
    worked_out = [offer for offer in offers if offer.why in WORKED_OUT]
    return {
        "total": _percentiles(offer.total_ms for offer in worked_out),
        "prefill": _percentiles(offer.prefill_ms for offer in worked_out),
        "decode": _percentiles(offer.decode_ms for offer in worked_out),
        "memory": _percentiles(offer.total_ms for offer in offers if offer.why not in WORKED_OUT),
    }


def _percentiles(times: Iterable[float | None]) -> dict[str, Any] | None:
    """The value that half, and that 95 of 100, do not exceed; None where nothing is known."""
    known = sorted(ms for ms in times if ms is not None)
    if not known:
        return None
    return {**{f"p{percent}": round(known[math.ceil(percent / 100 * len(known)) - 1], 1) for percent in (50, 95)},
            "n": len(known)}  # fmt: skip
