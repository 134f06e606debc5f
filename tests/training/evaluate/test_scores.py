"""The table of metrics: what each says of one result, and what a set of results comes to."""

from dataclasses import replace
from typing import Any

import pytest

from finetab_training.evaluate.runner import Result
from finetab_training.evaluate.scores import METRICS, difference, scores
from finetab_training.evaluate.typist import Typed

RIGHT = Result("a.py", "line", "x = 1", "x = 1", True, 1.0, "answered", 5.0, 10, 4, 3, -0.1, "python", "stop", True)
WRONG = replace(RIGHT, output="y(", exact=False, similarity=0.0, parses=False, finish_reason="end")
NOTHING = replace(RIGHT, output="", exact=False, similarity=0.0, finish_reason="end")
NOTHING_MEANT = replace(NOTHING, middle="", exact=True, similarity=1.0, kind="empty")
TOO_MUCH = replace(RIGHT, middle="", exact=False, similarity=0.0, kind="empty")


@pytest.mark.parametrize(
    ("metric", "result", "value"),
    [
        ("exact_match", RIGHT, 1.0), ("exact_match", WRONG, 0.0), ("exact_match", NOTHING_MEANT, None),
        ("edit_similarity", RIGHT, 1.0), ("edit_similarity", TOO_MUCH, None),
        ("first_line", replace(RIGHT, output="\n  x = 1 \n  y = 3", exact=False), 1.0),
        ("first_line", replace(RIGHT, output="x = 12"), 0.0),
        ("parses", RIGHT, 1.0), ("parses", WRONG, 0.0), ("parses", NOTHING, None),
        ("parses", replace(RIGHT, parses=None), None),
        ("pass_at_1", RIGHT, None), ("pass_at_1", replace(RIGHT, passed=True), 1.0),
        ("pass_at_1", replace(RIGHT, passed=False), 0.0),
        ("saved", RIGHT, None), ("saved", replace(RIGHT, typed=Typed(10, 4, 0, 0.0, 0, 0)), 0.6),
        ("end_token", RIGHT, 0.0), ("end_token", WRONG, 1.0),
        ("empty_answers", NOTHING, 1.0), ("empty_answers", NOTHING_MEANT, 1.0), ("empty_answers", RIGHT, 0.0),
        ("empty_wrong", NOTHING, 1.0), ("empty_wrong", RIGHT, 0.0), ("empty_wrong", NOTHING_MEANT, None),
        ("empty_right", NOTHING_MEANT, 1.0), ("empty_right", TOO_MUCH, 0.0), ("empty_right", NOTHING, None),
        ("reused_tokens", RIGHT, 0.4), ("reused_tokens", replace(RIGHT, prompt_tokens=0), None),
        ("typing_reused_tokens", replace(RIGHT, typed=Typed(10, 4, 2, 8.0, 100, 90)), 0.9),
        ("typing_reused_tokens", replace(RIGHT, typed=Typed(10, 1, 0, 0.0, 0, 0)), None),
    ],
)  # fmt: skip
def test_one_result(metric: str, result: Result, value: float | None) -> None:
    assert METRICS[metric].of(result) == pytest.approx(value)


def test_every_metric_is_tried_above() -> None:
    tried = {case[0] for case in test_one_result.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert tried == set(METRICS)


def test_scores_have_intervals_and_parts_and_leave_out_what_does_not_apply() -> None:
    slow = replace(WRONG, latency_ms=15.0, kind="rest", language="go")
    found = scores([RIGHT] * 6 + [slow] * 4 + [NOTHING_MEANT] * 2)
    assert found["n"] == 12
    assert found["exact_match"]["n"] == 10
    assert found["exact_match"]["low"] < found["exact_match"]["mean"] == 0.6 < found["exact_match"]["high"]
    assert (found["empty_right"]["mean"], found["empty_wrong"]["mean"]) == (1.0, 0.0)
    assert "pass_at_1" not in found
    assert "saved" not in found
    latency: dict[str, Any] = found["latency_ms"]
    assert (latency["p50"], latency["p95"]) == (5.0, 15.0)
    assert latency["p50_interval"][0] <= 5.0 <= latency["p50_interval"][1]
    assert {kind: part["n"] for kind, part in found["by_kind"].items()} == {"line": 6, "rest": 4, "empty": 2}
    assert found["by_kind"]["rest"]["exact_match"]["mean"] == 0.0
    assert {name: part["n"] for name, part in found["by_language"].items()} == {"go": 4, "python": 8}


def test_a_difference_counts_the_holes_where_the_metric_applies_to_both() -> None:
    ran = [replace(RIGHT, passed=passed) for passed in (True, True, None, False)]
    others = [replace(RIGHT, passed=passed) for passed in (False, True, True, False)]
    found = difference(ran, others, "pass_at_1")
    assert found.mean == pytest.approx(1 / 3)
    assert found.n == 3


def test_latency_while_typing_is_the_mean_of_a_holes_requests() -> None:
    typed = [replace(RIGHT, typed=Typed(10, 4, asked, 30.0 if asked else 0.0, 9, 9)) for asked in (3, 2, 0)]
    assert scores(typed)["typing_latency_ms"]["p50"] == pytest.approx(12.5)
