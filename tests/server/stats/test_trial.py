"""Two adapters at the desk: whose suggestion counts, what it was worth, and when a difference is more than chance."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.server.stats.test_database import OFFER

from finetab.stats.events import Fate
from finetab.stats.trial import Kept, compare, is_worse, kept_of

SHOWN = Fate(shown=1.0)


def test_what_was_shown_of_an_adapter_since_the_beginning_counts_once() -> None:
    mine = replace(OFFER, adapter="mine@0123", time=10.0, folder="here")
    rows = [
        (mine, SHOWN),
        (replace(mine, time=4.0), SHOWN),  # before
        (replace(mine, continues="a"), SHOWN),  # the same one, typed into
        (mine, Fate()),  # never on the screen
        (replace(mine, adapter="base"), SHOWN),
    ]
    assert len(kept_of(rows, "here", "mine", 5.0)) == 1
    assert len(kept_of(rows, "here", "base", 5.0)) == 1


def test_what_was_shown_in_another_folder_or_before_folders_had_marks_does_not_count() -> None:
    rows = [(replace(OFFER, adapter="base", folder=folder), SHOWN) for folder in ("here", "there", "there", "")]
    assert [len(kept_of(rows, folder, "base")) for folder in ("here", "there")] == [1, 2]


def test_a_suggestion_is_worth_what_is_left_of_it() -> None:
    row = replace(OFFER, adapter="base", time=1.0, folder="here")
    fates = [
        Fate(shown=1.0, accepted=40.0, retained_30=1.0, retained_120=0.5),
        Fate(shown=1.0, accepted=40.0),
        Fate(shown=1.0, partly=10.0, retained_30=0.2),
        Fate(shown=1.0, rejected=1.0),
    ]
    kept = [kept_of([(row, fate)], "here", "base")[0] for fate in fates]
    assert kept == [Kept(True, 20.0, 1.0), Kept(True, 40.0, 1.0), Kept(True, 2.0, 1.0), Kept(False, 0.0, 1.0)]


def test_a_difference_is_told_with_an_interval() -> None:
    good, bad = [Kept(True, 30.0)] * 60 + [Kept(False, 0.0)] * 40, [Kept(True, 30.0)] * 20 + [Kept(False, 0.0)] * 80
    found = compare(good, bad)
    assert found["one"]["acceptance"]["rate"] == 0.6
    assert found["acceptance"]["mean"] == 0.4
    assert found["acceptance"]["low"] > 0.2
    assert found["characters"]["low"] > 0
    even = compare(good, good)["acceptance"]
    assert even["low"] < 0 < even["high"]


def test_many_suggestions_need_little_memory() -> None:
    many = [Kept(True, 30.0)] * 5_000 + [Kept(False, 0.0)] * 5_000
    tracemalloc.start()
    found = compare(many, many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["characters"]["low"] < 0 < found["characters"]["high"]
    assert peak < 20_000_000


def test_where_one_side_is_empty_nothing_is_compared() -> None:
    found = compare([Kept(True, 3.0)], [])
    assert found["acceptance"] is None
    assert found["other"] == {
        "shown": 0, "accepted": 0, "acceptance": None, "characters_kept": 0, "characters_each": None,
    }  # fmt: skip


def kept(generator: np.random.Generator, number: int, rate: float, seconds: float = 1.0) -> list[Kept]:
    """Suggestions of which a share is accepted, one after the other; most of what is accepted is short."""
    accepted = generator.random(number) < rate
    characters = np.where(accepted, generator.lognormal(3.0, 0.8, number), 0.0)
    return [Kept(bool(characters[at]), float(characters[at]), at * seconds) for at in range(number)]


def is_ever_worse(ones: Sequence[Kept], others: Sequence[Kept]) -> bool:
    """Whether one of many looks, while the first side grows, says so."""
    return any(is_worse(ones[:size], others) for size in range(150, len(ones) + 1, 150))


@pytest.mark.parametrize(
    ("num_others", "seconds"),
    [(300, 0.0), (2_000, 0.0), (2_000, 1.0)],  # of the base: few and many from before the promotion, and side by side
)
@pytest.mark.parametrize("rate", [0.05, 0.25])
def test_what_is_as_good_is_hardly_ever_called_worse_however_often_one_looks(
    rate: float, num_others: int, seconds: float
) -> None:
    generator = np.random.default_rng(0)
    wrong = sum(
        is_ever_worse(kept(generator, 2_000, rate), kept(generator, num_others, rate, seconds)) for _ in range(100)
    )
    assert wrong <= 5


@pytest.mark.parametrize(("num_others", "seconds"), [(1_000, 0.0), (2_000, 1.0)])
def test_what_is_really_worse_is_found(num_others: int, seconds: float) -> None:
    generator = np.random.default_rng(0)
    found = sum(
        is_ever_worse(kept(generator, 2_000, 0.1), kept(generator, num_others, 0.2, seconds)) for _ in range(20)
    )
    assert found >= 18


def test_between_two_looks_nothing_new_is_found() -> None:
    good, bad = [Kept(True, 30.0)] * 200, [Kept(False, 0.0, 1.0)] * 400
    assert [is_worse(bad[:size], good) for size in (199, 200, 399)] == [False, True, True]
    turned = [Kept(True, 30.0)] * 200 + bad
    assert [is_worse(turned[:size], good) for size in (200, 399, 400)] == [False, False, True]


def test_what_the_other_side_suggested_after_a_look_is_not_looked_at_and_few_are_too_few() -> None:
    bad, good = [Kept(False, 0.0, 1.0)] * 300, [Kept(True, 30.0)] * 200
    assert is_worse(bad, good)
    assert not is_worse(bad, good[1:])
    assert not is_worse(bad, [Kept(True, 30.0, 2.0)] * 200)
