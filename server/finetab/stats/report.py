"""A summary as tables for a terminal of 80 columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

_NAME_WIDTH = 20  # the numbers need the rest


def tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """What became of the suggestions, how much is left of them, and how long they took."""
    yield _suggestions(summary)
    if any(left["n"] for left in summary["retained"].values()):
        yield _retention(summary)
    yield _latency(summary)


def _suggestions(summary: Mapping[str, Any]) -> Table:
    table = _table("", "shown", "accepted", "rate (95%)", "partly", "typed", "rejected", "chars")
    table.add_row(*_counts("all", summary))
    for group in ("languages", "adapters"):
        table.add_row()
        for name, found in summary[group].items():
            table.add_row(*_counts(name, found))
    return table


def _counts(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("partly_accepted", "typed", "rejected", "characters_accepted")
    counts = (str(found[key]) for key in keys)
    return _shortened(name), str(found["shown"]), str(found["accepted"]), _share(found["acceptance"]), *counts


def _shortened(name: str) -> str:
    """A name with its middle left out: the base at its start and the version at its end tell most."""
    half = _NAME_WIDTH // 2
    return name if len(name) <= _NAME_WIDTH else f"{name[: half - 1]}…{name[-half:]}"


def _share(share: Mapping[str, float] | None) -> str:
    return "-" if share is None else f"{share['rate']:.0%} ({100 * share['low']:.0f}-{100 * share['high']:.0f})"


def _retention(summary: Mapping[str, Any]) -> Table:
    table = _table("left of what was accepted", "on average", "of")
    for seconds, left in summary["retained"].items():
        mean = "-" if left["mean"] is None else f"{left['mean']:.0%}"
        table.add_row(f"after {seconds} s", mean, str(left["n"]))
    return table


def _latency(summary: Mapping[str, Any]) -> Table:
    table = _table("milliseconds", "half within", "95% within", "of")
    share = summary["from_memory"]
    memory = f"from memory ({share['rate']:.0%})" if share else "from memory"
    names = {"total": "from the model", "prefill": "  reading", "decode": "  writing", "memory": memory}
    for key, name in names.items():
        if found := summary["latency_ms"][key]:
            table.add_row(name, f"{found['p50']:.1f}", f"{found['p95']:.1f}", str(found["n"]))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table
