"""The summary: what counts as what, per group, with intervals and percentiles that can be checked by hand."""

from dataclasses import replace

import pytest
from tests.server.stats.test_database import OFFER

from finetab.stats.events import Fate, Row
from finetab.stats.summary import share, summarise

SHOWN = Fate(shown=1.0)


@pytest.mark.parametrize(
    ("fate", "end"),
    [
        (SHOWN, "passed_over"),
        (replace(SHOWN, accepted=8.0), "accepted"),
        (replace(SHOWN, accepted=8.0, partly=3.0, typed=1.0, rejected=1.0), "accepted"),
        (replace(SHOWN, partly=3.0, typed=1.0, rejected=1.0), "partly_accepted"),
        (replace(SHOWN, typed=1.0, rejected=1.0), "typed"),
        (replace(SHOWN, rejected=1.0), "rejected"),
    ],
)
def test_a_suggestion_ends_in_one_way(fate: Fate, end: str) -> None:
    found = summarise([(OFFER, fate)])
    ends = ("accepted", "partly_accepted", "typed", "rejected", "passed_over")
    assert {name: found[name] for name in ends} == {name: int(name == end) for name in ends}
    assert found["shown"] == 1


def test_what_was_not_shown_counts_for_the_times_alone() -> None:
    found = summarise([(OFFER, Fate(typed=1.0, rejected=1.0))])
    assert (found["shown"], found["typed"], found["rejected"], found["answers"]) == (0, 0, 0, 1)
    assert found["acceptance"] is None
    assert found["latency_ms"]["total"] == {"p50": 50.0, "p95": 50.0, "n": 1}


def test_an_answer_that_continues_another_is_no_suggestion_of_its_own() -> None:
    later = replace(OFFER, id="b", continues="a", why="typed through", total_ms=1.0)
    found = summarise([(OFFER, replace(SHOWN, accepted=8.0)), (later, SHOWN)])
    assert (found["shown"], found["accepted"], found["answers"]) == (1, 1, 2)
    assert found["from_memory"]["rate"] == 0.5
    assert found["latency_ms"]["memory"] == {"p50": 1.0, "p95": 1.0, "n": 1}
    assert found["latency_ms"]["total"]["n"] == 1


def test_what_is_left_is_counted_of_what_was_taken_where_somebody_looked() -> None:
    rows: list[Row] = [
        (OFFER, Fate(shown=1.0, accepted=8.0, retained_30=1.0, retained_120=0.5)),
        (OFFER, Fate(shown=1.0, partly=2.0, retained_30=0.0)),
        (OFFER, Fate(shown=1.0, typed=1.0, retained_30=0.3)),
    ]
    found = summarise(rows)
    assert found["retained"] == {
        "30": {"mean": 0.5, "n": 2}, "120": {"mean": 0.5, "n": 1}, "300": {"mean": None, "n": 0},
        "600": {"mean": None, "n": 0},
    }  # fmt: skip
    assert found["characters_accepted"] == 10


def test_percentiles_are_values_that_were_measured() -> None:
    rows: list[Row] = [(replace(OFFER, total_ms=float(ms), prefill_ms=None), SHOWN) for ms in range(1, 101)]
    latency = summarise(rows)["latency_ms"]
    assert latency["total"] == {"p50": 50.0, "p95": 95.0, "n": 100}
    assert latency["prefill"] is None
    assert latency["memory"] is None


def test_languages_and_adapters_are_told_apart_most_shown_first() -> None:
    go = replace(OFFER, language="go", adapter="base", is_explicit=True)
    rows: list[Row] = [(OFFER, Fate()), (go, SHOWN), (go, replace(SHOWN, accepted=1.0))]
    found = summarise(rows, days=7)
    assert found["days"] == 7
    assert found["asked_for"] == 2
    assert [(name, group["shown"]) for name, group in found["languages"].items()] == [("go", 2), ("python", 0)]
    assert list(found["adapters"]) == ["tiny · base", "tiny · mine@1"]
    assert found["adapters"]["tiny · base"]["acceptance"]["rate"] == 0.5


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3; and the two ends.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
     (20, 20, 0.8389, 1.0)],
)  # fmt: skip
def test_the_interval_is_wilson_s(part: int, whole: int, low: float, high: float) -> None:
    found = share(part, whole)
    assert found is not None
    assert [found["low"], found["high"]] == pytest.approx([low, high], abs=1e-4)


def test_nothing_has_no_share() -> None:
    assert share(0, 0) is None
    assert summarise([])["shown"] == 0
