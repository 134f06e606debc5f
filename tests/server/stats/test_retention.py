"""What is left of accepted text: spans follow the edits, and each moment sees the text as it stood then."""

import pytest

from finetab.documents import Edit
from finetab.stats.events import Outcome
from finetab.stats.retention import Retention

URI = "file:///a.py"


def left(*edits: Edit, text: str = "abcdefghij", start: int = 10) -> float:
    """How much is left of a text after 30 s and some edits."""
    retention = Retention()
    retention.follow(URI, "one", start, text, now=0.0)
    for edit in edits:
        retention.edited(URI, edit)
    ((outcome),) = retention.settle(30.0)
    assert (outcome.offer_id, outcome.what) == ("one", "retained_30")
    return outcome.value


@pytest.mark.parametrize(
    ("edits", "share"),
    [
        ([], 1.0),
        ([Edit(0, 0, "xyz")], 1.0),
        ([Edit(30, 40, "")], 1.0),
        ([Edit(10, 10, "before")], 1.0),
        ([Edit(20, 20, "after")], 1.0),
        ([Edit(10, 20, "")], 0.0),
        ([Edit(5, 25, "")], 0.0),
        ([Edit(10, 15, "")], 0.5),
        ([Edit(5, 15, "")], 0.5),
        ([Edit(5, 15, "abcde")], 0.5),
        ([Edit(15, 25, "")], 0.5),
        ([Edit(12, 14, "XY")], 0.8),
        ([Edit(12, 12, "0123456789")], 0.5),
        ([Edit(10, 20, "abcdefghi!")], 0.9),
        ([Edit(0, 5, ""), Edit(5, 10, "")], 0.5),
        ([Edit(0, 0, "12"), Edit(12, 22, "")], 0.0),
        ([Edit(5, 15, "12345"), Edit(10, 11, "")], 0.4),
        ([Edit(10, 20, ""), Edit(10, 10, "abcdefghij")], 0.0),
        ([Edit(0, 30, "abcde")], 0.5),
    ],
)
def test_a_span_follows_the_edits(edits: list[Edit], share: float) -> None:
    assert left(*edits) == pytest.approx(share)


def test_each_moment_sees_the_text_as_it_stood_then() -> None:
    retention = Retention()
    retention.follow(URI, "one", 0, "abcd", now=100.0)
    assert retention.settle(129.9) == []
    retention.edited(URI, Edit(0, 1, ""))
    assert retention.settle(131.0) == [Outcome("one", "retained_30", 0.75)]
    retention.edited(URI, Edit(0, 3, ""))
    assert retention.settle(131.0) == []
    assert retention.settle(800.0) == [
        Outcome("one", "retained_120", 0.0), Outcome("one", "retained_300", 0.0), Outcome("one", "retained_600", 0.0)
    ]  # fmt: skip
    assert not retention.is_following(URI)
    assert retention.settle(9_000.0) == []


def test_documents_do_not_mix_and_a_closed_one_is_forgotten() -> None:
    retention = Retention()
    retention.follow(URI, "one", 0, "abcd", now=0.0)
    retention.follow("file:///b.py", "two", 0, "abcd", now=10.0)
    retention.edited(URI, Edit(0, 2, ""))
    retention.closed(URI)
    assert retention.settle(39.0) == []
    assert retention.settle(40.0) == [Outcome("two", "retained_30", 1.0)]


def test_nothing_is_followed_of_an_empty_text() -> None:
    retention = Retention()
    retention.follow(URI, "one", 0, "", now=0.0)
    assert not retention.is_following(URI)
