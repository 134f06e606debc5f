"""Two adapters at the desk: whose suggestion counts, what it was worth, and when a difference is more than chance."""

from dataclasses import replace

from tests.server.stats.test_database import OFFER

from finetab.stats.events import Fate
from finetab.stats.trial import Kept, compare, kept_of

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
    assert kept == [Kept(True, 20.0), Kept(True, 40.0), Kept(True, 2.0), Kept(False, 0.0)]


def test_a_difference_is_told_with_an_interval() -> None:
    good, bad = [Kept(True, 30.0)] * 60 + [Kept(False, 0.0)] * 40, [Kept(True, 30.0)] * 20 + [Kept(False, 0.0)] * 80
    found = compare(good, bad)
    assert found["one"]["acceptance"]["rate"] == 0.6
    assert found["acceptance"]["mean"] == 0.4
    assert found["acceptance"]["low"] > 0.2
    assert found["characters"]["low"] > 0
    even = compare(good, good)["acceptance"]
    assert even["low"] < 0 < even["high"]


def test_where_one_side_is_empty_nothing_is_compared() -> None:
    found = compare([Kept(True, 3.0)], [])
    assert found["acceptance"] is None
    assert found["other"] == {
        "shown": 0, "accepted": 0, "acceptance": None, "characters_kept": 0, "characters_each": None,
    }  # fmt: skip
