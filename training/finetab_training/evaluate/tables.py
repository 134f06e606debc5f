"""A report as tables of at most 80 columns, all shares in percent; the intervals left out here are in the report."""

from typing import Any

from rich.table import Table

from finetab_training.evaluate.scores import METRICS

_WITH_INTERVALS = ("exact_match", "edit_similarity", "pass_at_1")
_WITHOUT = ("first_line", "parses", "saved", "end_token", "empty_wrong", "empty_right", "reused_tokens")
_ONE_SPACE = (0, 1, 0, 0)


def arms_table(made: dict[str, Any]) -> Table:
    """Each arm's main figures with their intervals."""
    names = _known(made, _WITH_INTERVALS)
    table = _table("arm", *(METRICS[name].label for name in names))
    for arm, found in made["arms"].items():
        table.add_row(arm, *(with_interval(found.get(name)) for name in names))
    return table


def rates_table(made: dict[str, Any]) -> Table:
    """Each arm's further rates, and its latency in milliseconds."""
    names = _known(made, _WITHOUT)
    table = _table("arm", *(METRICS[name].label for name in names), "p50 ms", "p95 ms")
    for arm, found in made["arms"].items():
        latency = (f"{found['latency_ms'][share]:.0f}" for share in ("p50", "p95"))
        table.add_row(arm, *(_mean(found.get(name)) for name in names), *latency)
    return table


def kinds_table(made: dict[str, Any]) -> Table:
    """The headline arm's main figures for each kind of hole."""
    names = _known(made, _WITH_INTERVALS)
    table = _table(made["arm"], "holes", *(METRICS[name].label for name in names))
    for kind, found in made["by_kind"].items():
        table.add_row(kind, str(found["n"]), *(with_interval(found.get(name)) for name in names))
    return table


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, padding=_ONE_SPACE, pad_edge=False)


def _known(made: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in made]


def with_interval(found: dict[str, float] | None) -> str:
    """A share in percent with its interval."""
    if found is None:
        return ""
    mean, low, high = (100 * found[name] for name in ("mean", "low", "high"))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _mean(found: dict[str, float] | None) -> str:
    return "" if found is None else f"{100 * found['mean']:.0f}"
