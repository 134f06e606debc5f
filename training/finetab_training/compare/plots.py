"""A comparison's plots, each as PNG and SVG. Needs matplotlib, which is the extra `finetab[compare]`.

A row for each technique: points in a plane would lie on each other where many cost nearly the same.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from finetab_training.compare.report import COSTS, QUALITY

_WIDTH, _MARGIN, _ROW = 7.5, 1.2, 0.32  # inches
_DOTS = 150  # an inch
_FRONT, _OTHERS = "#0b5fa5", "#8a8a8a"
_APART = 0.13  # of a row: two intervals on one


def plot(made: Mapping[str, Any], folder: Path) -> list[str]:
    """Draw quality against each cost, and what was learned beside what was forgotten. Gives the names of the PNGs."""
    drawn = {f"quality-{cost.replace('_', '-')}": _against_cost(made, cost) for cost in COSTS}
    drawn["learned-forgotten"] = _learned(made)
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png", dpi=_DOTS)
        figure.savefig(folder / f"{name}.svg")
    return [f"{name}.png" for name in drawn]


def _against_cost(made: Mapping[str, Any], cost: str) -> Figure:
    """The cheapest above; on the front is who is better than all above."""
    rows = dict(sorted(made["techniques"].items(), key=lambda item: item[1][cost]["median"]))
    figure, axes = _empty([f"{name}  {row[cost]['median']:.3g}" for name, row in rows.items()])
    for place, (name, row) in enumerate(rows.items()):
        _interval(axes, place, row[QUALITY], _FRONT if name in made["fronts"][cost] else _OTHERS)
    axes.axvline(100 * made["base"]["holes"][QUALITY]["mean"], color="black", linestyle=":", linewidth=1)
    axes.set_xlabel("edit similarity, %, with 95% intervals; dotted: the base")
    axes.set_title(f"By {COSTS[cost]}; blue: better than all that cost less", fontsize=9)
    return figure


def _learned(made: Mapping[str, Any]) -> Figure:
    """Who learned most above."""
    rows = dict(sorted(made["techniques"].items(), key=lambda item: -item[1]["against_base"][QUALITY]["mean"]))
    figure, axes = _empty(list(rows))
    for place, row in enumerate(rows.values()):
        _interval(axes, place - _APART, row["against_base"][QUALITY], _FRONT)
        _interval(axes, place + _APART, row["general_against_base"][QUALITY], _OTHERS)
    axes.axvline(0, color="black", linestyle=":", linewidth=1)
    axes.set_xlabel("points of edit similarity more than the base, with 95% intervals")
    axes.set_title("Blue: on the holes; grey: on general holes, where what was forgotten shows", fontsize=9)
    return figure


def _empty(labels: Sequence[str]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, _MARGIN + _ROW * len(labels)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.2)
    return figure, axes


def _interval(axes: Axes, place: float, found: Mapping[str, float], colour: str) -> None:
    mean, low, high = (100 * found[part] for part in ("mean", "low", "high"))
    below, above = max(0.0, mean - low), max(0.0, high - mean)
    axes.errorbar(mean, place, xerr=[[below], [above]], fmt="o", color=colour, capsize=3, linewidth=1)
