"""What the statistics come to, as the page draws it."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.stats.test_database import DAY_S, OFFER, put

from finetab.core.pointer import Pointer, read_pointer, write_pointer
from finetab.errors import BadFile
from finetab.stats.database import database_path
from finetab.stats.events import Fate, Outcome
from finetab.stats.mark import mark_of
from finetab_training.dashboard.reading.suggestions import Left, Rate, read_suggestions, read_trial, rows_of


def test_rates_ends_and_times_are_those_of_the_rows() -> None:
    rows = [
        (OFFER, Fate(shown=1.0, accepted=8.0, retained_30=1.0)),
        (replace(OFFER, id="b", adapter="base", total_ms=70.0), Fate(shown=1.0, rejected=1.0)),
        (replace(OFFER, id="c", adapter="base", why="remembered"), Fate()),
    ]
    found = read_suggestions(rows, None)
    assert (found.answers, found.shown, found.ends) == (3, 2, {"accepted": 1, "rejected": 1})
    assert [(rate.name, rate.rate, rate.n) for rate in found.adapters] == [
        ("tiny · base", 0.0, 1), ("tiny · mine@1", 1.0, 1),
    ]  # fmt: skip
    assert all(rate.low <= rate.rate <= rate.high for rate in found.adapters)
    assert found.languages[0].rate == 0.5
    assert found.left == (Left(30, 1.0, 1),)
    assert (found.latencies[0].stage, found.latencies[0].p95_ms) == ("from the model", 70.0)


def test_nothing_is_nothing() -> None:
    found = read_suggestions([], None)
    assert (found.answers, found.ends, found.adapters, found.latencies) == (0, {}, (), ())


def test_days_choose_the_rows(home: Path) -> None:
    assert rows_of(None) == []
    put(database_path(), OFFER, replace(OFFER, id="older", time=time.time() - 10 * DAY_S))
    assert [len(rows_of(days)) for days in (None, 7)] == [2, 1]
    assert home in database_path().parents


def test_a_comparison_at_the_desk_has_two_sides(tmp_path: Path, home: Path) -> None:
    assert read_trial(tmp_path) is None
    write_pointer(tmp_path, Pointer("adapters/mine", against="base", since=1.0))
    empty = read_trial(tmp_path)
    assert empty is not None
    assert (empty.names, empty.sides, empty.difference) == (("mine", "base"), (), None)
    here = replace(OFFER, folder=mark_of(tmp_path))
    put(database_path(), here, replace(here, id="b", adapter="base"), replace(OFFER, id="c", folder="elsewhere"),
        *(Outcome(name, "shown") for name in "abc"), Outcome("a", "accepted", 8.0))  # fmt: skip
    trial = read_trial(tmp_path)
    assert trial is not None
    assert [(side.name, side.rate, side.n) for side in trial.sides] == [("mine", 1.0, 1), ("base", 0.0, 1)]
    assert isinstance(trial.sides[0], Rate)
    assert trial.difference == (8.0, 8.0, 8.0)
    write_pointer(tmp_path, read_pointer(tmp_path).alone())
    ended = read_trial(tmp_path)
    assert ended is not None
    assert ended.until is not None
    assert replace(ended, until=None) == trial
    assert home in database_path().parents


def test_damaged_statistics_are_a_sentence(home: Path) -> None:
    database_path().parent.mkdir(parents=True)
    database_path().write_bytes(b"damaged" * 1_000)
    with pytest.raises(BadFile, match="cannot be read"):
        rows_of(None)
    assert home in database_path().parents
