"""A comparison's plots, each as PNG and SVG. Needs matplotlib, which is the extra `finetab[compare]`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from finetab_training.compare.report import COSTS, QUALITY

_SIZE = (7.5, 4.8)  # inches
_DOTS = 150  # an inch
_FRONT, _OTHERS = "#0b5fa5", "#8a8a8a"
_LABEL = "edit similarity, %"


def plot(made: Mapping[str, Any], folder: Path) -> list[str]:
    """Draw quality against each cost, and what was learned against what was forgotten. Gives the names of the PNGs."""
    drawn = {f"quality-{cost.replace('_', '-')}": _against_cost(made, cost) for cost in COSTS}
    drawn["learned-forgotten"] = _learned(made)
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png", dpi=_DOTS)
        figure.savefig(folder / f"{name}.svg")
    return [f"{name}.png" for name in drawn]


def _against_cost(made: Mapping[str, Any], cost: str) -> Figure:
    """Points with intervals; those on the front are joined by steps."""
    figure, axes = _empty(COSTS[cost], _LABEL)
    rows, best = made["techniques"], made["fronts"][cost]
    for name, row in rows.items():
        _point(axes, name, (row[cost]["median"], row[QUALITY]), is_best=name in best)
    corners = [(rows[name][cost]["median"], 100 * rows[name][QUALITY]["mean"]) for name in best]
    axes.step(*zip(*corners, strict=True), where="post", color=_FRONT, linewidth=1, alpha=0.6)
    axes.axhline(100 * made["base"]["holes"][QUALITY]["mean"], color="black", linestyle=":", linewidth=1)
    axes.set_title("Quality with 95% intervals; blue: none is better and cheaper; dotted: the base", fontsize=9)
    return figure


def _learned(made: Mapping[str, Any]) -> Figure:
    figure, axes = _empty("change on the holes, points of similarity", "change on the general holes, points")
    for name, row in made["techniques"].items():
        learned, general = row["against_base"][QUALITY], row["general_against_base"][QUALITY]
        _point(axes, name, (100 * learned["mean"], general), is_best=True)
    axes.axhline(0, color="black", linestyle=":", linewidth=1)
    axes.set_title("Learned to the right, forgotten below the line; 95% intervals", fontsize=9)
    return figure


def _empty(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)
    return figure, axes


def _point(axes: Axes, name: str, at: tuple[float, Mapping[str, float]], *, is_best: bool) -> None:
    across, found = at
    mean, low, high = (100 * found[part] for part in ("mean", "low", "high"))
    colour = _FRONT if is_best else _OTHERS
    below, above = max(0.0, mean - low), max(0.0, high - mean)
    axes.errorbar(across, mean, yerr=[[below], [above]], fmt="o", color=colour, capsize=3, linewidth=1)
    axes.annotate(name, (across, mean), xytext=(5, 5), textcoords="offset points", fontsize=8, color=colour)
