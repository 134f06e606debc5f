"""The plots, from plain numbers. Streamlit gives them its theme; here is decided what is drawn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, TypeAlias

import altair as alt

from finetab_training.evaluate.metrics import sureness

Points: TypeAlias = Sequence[tuple[float, float]]
"""x and y."""
Plot: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart
_HEIGHT, _ROW, _AXIS = 280, 34, 75  # pixels
_MOST_POINTS = 500  # of a line
_LABEL = 150  # pixels that a name may take: what is longer is cut, so that a phone has room for the plot
BETTER, WORSE, UNSURE = "#2e9e5b", "#d1495b", "#8d99ae"
_PARTS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#9d755d")


@dataclass(frozen=True, slots=True)
class Span:
    """A mean with its interval, on a line of its own."""

    name: str
    mean: float
    low: float
    high: float
    n: int | None = None


def curves(
    y: str, faint: Mapping[str, Points], firm: Mapping[str, Points], dotted: Mapping[str, Points] | None = None
) -> Plot:
    """Lines over steps, a colour a series: faint, firm, and those with a dot at each point."""
    several = len({*faint, *firm, *(dotted or {})}) > 1
    layers = [
        _lines(faint, y, several).mark_line(opacity=0.25),
        _lines(firm, y, several).mark_line(strokeWidth=2),
        _lines(dotted or {}, y, several).mark_line(strokeDash=[4, 3], point=True),
    ]
    return alt.layer(*layers).properties(height=_HEIGHT)


def _lines(series: Mapping[str, Points], y: str, several: bool) -> Any:
    legend = alt.Legend(orient="top", columns=1, labelLimit=280) if several else None
    rows = [{"series": name, "step": x, "value": value} for name, line in series.items() for x, value in _thinned(line)]
    return _chart(rows).encode(
        alt.X("step:Q").title("step").axis(tickMinStep=1, format="d"),
        alt.Y("value:Q").title(y).scale(zero=False),
        alt.Color("series:N").title(None).legend(legend),
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".4g")],
    )


def _thinned(points: Points) -> Points:
    """No more points than can be told apart, the last one among them."""
    return points[:: -max(1, len(points) // _MOST_POINTS)][::-1]


def spans(rows: Sequence[Span], x: str, *, around_zero: bool = False) -> Plot:
    """Intervals below each other. Around zero, green lies surely above it, red surely below, grey neither."""
    if not around_zero:
        return _spans(rows, [_PARTS[0]] * len(rows), x)
    colours = {"better": BETTER, "worse": WORSE, "no sure difference": UNSURE}
    return _spans(rows, [colours[sureness(row.low, row.high)] for row in rows], x, mark=0.0)


def pareto(rows: Sequence[Span], front: Collection[str], x: str, mark: float) -> Plot:
    """Intervals below each other, those on the front in green, and a line at what there is without any."""
    return _spans(rows, [BETTER if row.name in front else UNSURE for row in rows], x, mark)


def _spans(rows: Sequence[Span], colours: Sequence[str], x: str, mark: float | None = None) -> Plot:
    base = _chart([asdict(row) | {"colour": colour} for row, colour in zip(rows, colours, strict=True)]).encode(
        alt.Y("name:N").title(None).sort(None).axis(labelLimit=_LABEL, labelOverlap=False),
        alt.Color("colour:N").scale(None),
        tooltip=[alt.Tooltip("name:N"), *(alt.Tooltip(f"{field}:Q", format=".1f") for field in ("mean", "low", "high")),
                 alt.Tooltip("n:Q")],
    )  # fmt: skip
    scale = alt.Scale(zero=mark == 0)
    layers: list[Any] = [
        base.mark_rule(strokeWidth=3).encode(alt.X("low:Q").title(x).scale(scale), alt.X2("high:Q")),
        base.mark_point(filled=True, size=90, opacity=1).encode(alt.X("mean:Q").title(x).scale(scale)),
    ]
    if mark is not None:
        line = _chart([{"mark": mark}]).mark_rule(strokeDash=[3, 3], color=UNSURE)
        layers.insert(0, line.encode(alt.X("mark:Q").scale(scale)))
    return alt.layer(*layers).properties(height=_ROW * len(rows) + _AXIS)


def stack(parts: Mapping[str, float], x: str, mark: float | None = None, marked: str = "") -> Plot:
    """One bar of several parts, and a line across it at a mark."""
    rows = [{"part": name, "value": value, "order": place} for place, (name, value) in enumerate(parts.items())]
    layers: list[Any] = [
        _chart(rows)
        .mark_bar(height=36)
        .encode(
            alt.X("value:Q").title(x).stack("zero"),
            alt.Color("part:N").title(None).sort(list(parts)).scale(range=_PARTS).legend(orient="top", columns=3),
            alt.Order("order:Q"),
            tooltip=[alt.Tooltip("part:N"), alt.Tooltip("value:Q", format=",.3~f")],
        )
    ]
    if mark is not None:
        rule = _chart([{"mark": mark, "what": marked}]).encode(alt.X("mark:Q"), tooltip=["what:N", "mark:Q"])
        layers.append(rule.mark_rule(strokeWidth=2, strokeDash=[4, 3], color=WORSE))
    return alt.layer(*layers).properties(height=_ROW + 2 * _AXIS)


def decay(points: Points, x: str, y: str) -> Plot:
    """One line with a dot at each point, from 0 to 100."""
    rows = [{"x": one, "y": other} for one, other in points]
    encoded = _chart(rows).encode(
        alt.X("x:Q").title(x), alt.Y("y:Q").title(y).scale(domain=[0, 100]), tooltip=["x:Q", "y:Q"]
    )
    plot: alt.Chart = encoded.mark_line(point=True, color=_PARTS[0]).properties(height=_HEIGHT)
    return plot


def bars(groups: Mapping[str, Mapping[str, float]], x: str) -> Plot:
    """A bar for each part of each group, beside one another."""
    rows = [
        {"group": name, "part": part, "value": value} for name, parts in groups.items() for part, value in parts.items()
    ]
    first = next(iter(groups.values()), {})
    plot: alt.Chart = (
        _chart(rows)
        .mark_bar()
        .encode(
            alt.X("value:Q").title(x),
            alt.Y("group:N").title(None).sort(None).axis(labelLimit=_LABEL, labelOverlap=False),
            alt.YOffset("part:N").sort(list(first)),
            alt.Color("part:N").title(None).sort(list(first)).scale(range=_PARTS).legend(orient="top"),
            tooltip=["group:N", "part:N", alt.Tooltip("value:Q", format=",.1f")],
        )
        .properties(height=_ROW * len(groups) + 2 * _AXIS)
    )
    return plot


def scatter(colours: Mapping[str, Points], x: str, y: str, domain: Mapping[str, str]) -> Plot:
    """Points of several colours in a square of shares, with the line on which both are the same."""
    rows = [{"what": name, "x": one, "y": other} for name, points in colours.items() for one, other in points]
    diagonal = _chart([{"x": 0, "y": 0}, {"x": 1, "y": 1}]).mark_line(strokeDash=[3, 3], color=UNSURE)
    points = (
        _chart(rows)
        .mark_circle(size=60, opacity=0.6)
        .encode(
            alt.X("x:Q").title(x).scale(domain=[0, 1]),
            alt.Y("y:Q").title(y).scale(domain=[0, 1]),
            alt.Color("what:N")
            .title(None)
            .scale(domain=list(domain), range=list(domain.values()))
            .legend(orient="top"),
        )
    )
    return alt.layer(diagonal.encode(alt.X("x:Q"), alt.Y("y:Q")), points).properties(height=320)


def _chart(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """What is no finite number is left out: it has no place on an axis, and JSON has no word for it."""
    return alt.Chart(alt.InlineData(values=[row for row in rows if _is_finite(row)]))


def _is_finite(row: Mapping[str, Any]) -> bool:
    return all(isfinite(value) for value in row.values() if isinstance(value, float))
