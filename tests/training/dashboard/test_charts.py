"""Plots are valid, and show what they are given."""

import json
from typing import Any

import altair as alt
import pytest

from finetab_training.dashboard import charts
from finetab_training.dashboard.charts import Span

POINTS = [(1.0, 2.0), (2.0, 1.0)]


def values_in(chart: Any) -> list[dict[str, Any]]:
    """All rows of a chart's layers."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def colours_of(chart: Any) -> dict[str, str]:
    return {row["name"]: row["colour"] for row in values_in(chart) if "colour" in row}


@pytest.mark.parametrize(
    "chart",
    [
        charts.curves("loss", {"a": POINTS}, {"a": POINTS}, {"b": POINTS}),
        charts.curves("loss", {}, {}),
        charts.spans([Span("a", 1.0, 0.5, 1.5, 3)], "points"),
        charts.stack({"weights": 1.0, "head": 2.0}, "GB", 4.0, "free"),
        charts.stack({}, "GB"),
        charts.decay(POINTS, "s", "%"),
        charts.bars({"a": {"p50": 1.0, "p95": 2.0}}, "ms"),
        charts.bars({}, "ms"),
        charts.scatter({"better": POINTS}, "before", "after", {"better": charts.BETTER}),
        charts.pareto([Span("a", 2.0, 1.5, 2.5), Span("b", 1.0, 1.0, 1.0)], ["a"], "%", 1.0),
        charts.pareto([], [], "%", 1.0),
    ],
)
def test_every_plot_is_valid_with_data_and_without(chart: alt.TopLevelMixin) -> None:
    assert chart.to_dict()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_left_out_of_every_plot(value: float) -> None:
    for chart in (
        charts.curves("loss", {"a": [*POINTS, (3.0, value)]}, {}, {"b": [(1.0, value)]}),
        charts.spans([Span("a", 1.0, 0.5, 1.5, 3), Span("b", value, value, value)], "points"),
        charts.pareto([Span("a", 2.0, 1.5, 2.5), Span("b", value, 1.0, 1.0)], ["b"], "%", 1.0),
    ):
        assert json.dumps(chart.to_dict(), allow_nan=False)
        assert values_in(chart)


def test_an_interval_around_zero_says_what_is_sure() -> None:
    rows = [Span("up", 2.0, 1.0, 3.0), Span("down", -2.0, -3.0, -1.0), Span("open", 0.5, -1.0, 2.0)]
    assert colours_of(charts.spans(rows, "points", around_zero=True)) == {
        "up": charts.BETTER,
        "down": charts.WORSE,
        "open": charts.UNSURE,
    }


def test_what_is_on_the_front_stands_out_beside_the_line_of_the_base() -> None:
    drawn = charts.pareto([Span("cheap", 2.0, 1.5, 2.5), Span("dear", 1.0, 0.5, 1.5)], ["cheap"], "%", 1.25)
    assert colours_of(drawn) == {"cheap": charts.BETTER, "dear": charts.UNSURE}
    assert [row["mark"] for row in values_in(drawn) if "mark" in row] == [1.25]


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    rows = values_in(charts.curves("loss", {}, {"a": [(step, 1.0) for step in range(1, 10_001)]}))
    assert 500 <= len(rows) <= 1000
    assert rows[-1]["step"] == 10_000


def test_a_curve_has_every_point_of_its_series() -> None:
    rows = values_in(charts.curves("loss", {"a": POINTS}, {"a": POINTS[:1]}))
    assert [(row["step"], row["value"]) for row in rows if row["series"] == "a"] == [*POINTS, POINTS[0]]
