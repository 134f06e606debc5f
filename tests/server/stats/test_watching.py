"""What becomes of a suggestion, as tables of what happens at which moment."""

from typing import Any, TypeAlias

import pytest

from finetab.documents import Edit
from finetab.stats.watching import Watcher

URI = "file:///a.py"
Event: TypeAlias = tuple[float, str, Any]


def told(events: list[Event]) -> list[tuple[str, str, float]]:
    """All that was told of the offers, in order, after events at given moments."""
    watcher, outcomes = Watcher(), []
    for now, what, given in events:
        if what == "offer":
            place, *answers = given
            outcomes += watcher.offered(URI, place, [(name, text) for name, text in answers], now)
        elif what == "late":
            place, typed, *answers = given
            outcomes += watcher.offered(URI, place, [(name, text) for name, text in answers], now, typed)
        elif what == "edit":
            outcomes += watcher.edited(Edit(*given), now).outcomes
        elif what == "partly":
            outcomes += watcher.partly_accepted(*given)
        elif what == "accept":
            outcomes += watcher.accepted(given)
        elif what == "show":
            outcomes += watcher.shown(given, now)
        elif what == "reject":
            outcomes += watcher.rejected(given, now)
        elif what == "settle":
            outcomes += watcher.settle(now)
        else:
            outcomes += watcher.left(now)
    return [(outcome.offer_id, outcome.what, outcome.value) for outcome in outcomes]


OFFER: Event = (0.0, "offer", (5, ("a", "return x")))
SHOWN, ACCEPTED, TYPED = ("a", "shown", 1.0), ("a", "accepted", 8.0), ("a", "typed", 1.0)


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        ([], []),
        ([(0.74, "close", None)], []),
        ([(0.75, "close", None)], [SHOWN]),
        ([(0.75, "edit", (0, 0, "#"))], [SHOWN]),
        ([(0.75, "edit", (5, 5, "x"))], [SHOWN]),
        ([(0.75, "edit", (4, 5, ""))], [SHOWN]),
        ([(0.75, "edit", (5, 6, "r"))], [SHOWN]),
        ([(0.75, "offer", (5, ("b", "pass")))], [SHOWN]),
        ([(0.75, "offer", (9, ("b", "return x")))], [SHOWN]),
        ([(0.75, "offer", (5,))], [SHOWN]),
        ([(0.75, "settle", None), (0.8, "close", None)], [SHOWN]),
        ([(0.2, "edit", (0, 0, "#")), (5.0, "close", None)], []),
        ([(0.75, "reject", "a")], [("a", "rejected", 1.0), SHOWN]),
        ([(0.2, "reject", "a"), (5.0, "close", None)], [("a", "rejected", 1.0)]),
        ([(0.3, "edit", (5, 5, "ret")), (0.7, "edit", (8, 8, "urn")), (0.8, "close", None)], [SHOWN]),
        ([(0.3, "edit", (5, 5, "return x"))], [TYPED]),
        ([(0.8, "edit", (5, 5, "return x"))], [SHOWN, TYPED]),
        ([(0.8, "edit", (5, 5, "return x\n"))], [SHOWN, TYPED]),
        ([(0.3, "edit", (5, 5, "return x")), (0.3, "accept", "a")], [TYPED, SHOWN, ACCEPTED]),
        ([(0.3, "accept", "a"), (0.4, "edit", (5, 5, "return x"))], [SHOWN, ACCEPTED, TYPED]),
        ([(0.3, "accept", "unknown"), (0.3, "reject", "unknown"), (0.3, "show", "unknown")], []),
        ([(0.3, "partly", ("a", 7))], [SHOWN, ("a", "partly", 7.0)]),
        ([(0.3, "partly", ("a", 0)), (0.3, "partly", ("a", -2)), (0.3, "partly", ("unknown", 2))], []),
        ([(0.3, "partly", ("a", 999))], [SHOWN, ("a", "partly", 8.0)]),
    ],
)  # fmt: skip
def test_one_suggestion(events: list[Event], outcomes: list[tuple[str, str, float]]) -> None:
    assert told([OFFER, *events]) == outcomes


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        # Typed into: the answers to each key are one suggestion, by its first id and with its clock.
        ([(0.5, "edit", (5, 5, "re")), (0.6, "offer", (7, ("b", "turn x"))), (0.8, "close", None)], [SHOWN]),
        ([(0.5, "edit", (5, 5, "re")), (0.6, "offer", (7, ("b", "turn x"))), (0.7, "accept", "b")],
         [SHOWN, ("a", "accepted", 6.0)]),
        # The answer to an older text, when the user has typed on.
        ([(0.5, "edit", (5, 5, "re")), (0.6, "late", (6, "e", ("b", "eturn x"))), (0.7, "accept", "b")],
         [SHOWN, ("a", "accepted", 7.0)]),
        ([(0.1, "edit", (5, 5, "q")), (0.2, "late", (5, "q", ("b", "pass"))), (9.0, "close", None)], []),
        # Taken in parts, with a new answer after each and without.
        ([(0.5, "partly", ("a", 7)), (0.5, "edit", (5, 5, "return ")), (0.6, "offer", (12, ("b", "x"))),
          (0.7, "partly", ("b", 1))], [SHOWN, ("a", "partly", 7.0), ("a", "partly", 8.0)]),
        ([(0.5, "partly", ("a", 3)), (0.5, "edit", (5, 5, "ret")), (0.6, "partly", ("a", 6))],
         [SHOWN, ("a", "partly", 3.0), ("a", "partly", 6.0)]),
        ([(0.5, "partly", ("a", 7)), (0.5, "edit", (5, 5, "return ")), (0.6, "offer", (12, ("b", "x"))),
          (0.7, "accept", "b")], [SHOWN, ("a", "partly", 7.0), ACCEPTED]),
        # A client that rejects the id that a newer one has replaced means that, not the user's will.
        ([(0.5, "edit", (5, 5, "re")), (0.6, "offer", (7, ("b", "turn x"))), (0.7, "reject", "a")], []),
        ([(0.5, "edit", (5, 5, "re")), (0.6, "offer", (7, ("b", "turn x"))), (0.7, "reject", "b")],
         [("a", "rejected", 1.0)]),
        # A client that tells what it shows: its word starts the clock, and nothing else does from then on.
        ([(0.4, "show", "a"), (1.0, "close", None)], []),
        ([(0.4, "show", "a"), (0.9, "show", "a"), (1.2, "close", None)], [SHOWN]),
        ([(0.4, "show", "a"), (0.5, "offer", (5, ("b", "pass"))), (9.0, "close", None)], []),
        ([(0.4, "show", "a"), (0.5, "offer", (5, ("b", "pass"))), (9.0, "accept", "b")],
         [("b", "shown", 1.0), ("b", "accepted", 4.0)]),
    ],
)  # fmt: skip
def test_one_suggestion_under_several_ids(events: list[Event], outcomes: list[tuple[str, str, float]]) -> None:
    assert told([OFFER, *events]) == outcomes


CALL: Event = (0.0, "offer", (5, ("a", "(width, [1])")))
CLOSED: Event = (0.8, "edit", (5, 5, "()"))
INSIDE: Event = (0.9, "offer", (6, ("b", "width, [1]")))


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        ([CLOSED, INSIDE, (9.0, "close", None)], [SHOWN]),
        ([CLOSED, INSIDE, (1.0, "accept", "b"), (1.0, "edit", (6, 6, "width, [1]"))],
         [SHOWN, ("a", "accepted", 10.0), TYPED]),
        ([CLOSED, INSIDE, (1.0, "edit", (6, 6, "width, ")), (1.1, "edit", (13, 13, "[]")),
          (1.2, "offer", (14, ("c", "1"))), (1.3, "accept", "c")], [SHOWN, ("a", "accepted", 1.0)]),
        ([CLOSED, (0.9, "edit", (6, 6, "wi")), (1.0, "offer", (8, ("b", "dth, [1]"))), (9.0, "close", None)], [SHOWN]),
        # Something else between the brackets, or in their place.
        ([CLOSED, (0.9, "offer", (6, ("b", "height"))), (9.0, "close", None)], [SHOWN, ("b", "shown", 1.0)]),
        ([(0.8, "edit", (5, 5, "(")), (0.9, "offer", (6, ("b", "width, [1]"))), (9.0, "close", None)],
         [SHOWN, ("b", "shown", 1.0)]),
        ([(0.8, "edit", (5, 5, "[]")), (0.9, "offer", (6, ("b", "1"))), (9.0, "close", None)],
         [SHOWN, ("b", "shown", 1.0)]),
    ],
)  # fmt: skip
def test_a_bracket_that_the_editor_closes_begins_no_other_suggestion(
    events: list[Event], outcomes: list[tuple[str, str, float]]
) -> None:
    assert told([CALL, *events]) == outcomes


CHOICE: Event = (0.0, "offer", (5, ("a", "return x"), ("b", "raise y"), ("c", "pass")))


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        ([(0.8, "close", None)], [SHOWN]),
        ([(0.0, "show", "a"), (0.8, "show", "b"), (1.0, "close", None)], [SHOWN]),
        ([(0.0, "show", "a"), (0.8, "show", "b"), (2.0, "close", None)], [SHOWN, ("b", "shown", 1.0)]),
        ([(0.5, "edit", (5, 5, "ra")), (0.8, "close", None)], []),
        ([(0.8, "edit", (5, 5, "p")), (0.9, "edit", (6, 6, "ass"))], [SHOWN, ("c", "typed", 1.0)]),
        ([(0.2, "accept", "b"), (0.2, "edit", (5, 5, "raise y"))],
         [("b", "shown", 1.0), ("b", "accepted", 7.0), ("b", "typed", 1.0)]),
        ([(0.8, "reject", "a"), (9.0, "close", None)], [("a", "rejected", 1.0), SHOWN]),
    ],
)  # fmt: skip
def test_several_to_choose_from(events: list[Event], outcomes: list[tuple[str, str, float]]) -> None:
    assert told([CHOICE, *events]) == outcomes


def test_parts_are_counted_in_utf_16_and_never_split_a_character() -> None:
    offer: Event = (0.0, "offer", (0, ("a", "𝒳é𝒳")))
    assert told([offer, (0.1, "partly", ("a", 3))])[-1] == ("a", "partly", 2.0)
    assert told([offer, (0.1, "partly", ("a", 4))])[-1] == ("a", "partly", 2.0)
    assert told([offer, (0.1, "partly", ("a", 5))])[-1] == ("a", "partly", 3.0)


def test_old_ids_are_forgotten_in_the_end() -> None:
    events: list[Event] = [(float(index), "offer", (index, (str(index), "x"))) for index in range(300)]
    assert told([*events, (300.0, "accept", "0")])[-1] == ("298", "shown", 1.0)
    assert told([*events, (300.0, "accept", "290")])[-1] == ("290", "accepted", 1.0)


@pytest.mark.parametrize(
    ("parts", "edits", "place"),
    [
        ([], [Edit(5, 5, "return x")], (0, 8)),
        ([("a", 7)], [Edit(5, 5, "return "), Edit(0, 0, "#")], (0, 7)),
        ([("a", 7)], [Edit(0, 0, "#")], (0, 0)),
    ],
)
def test_what_stands_in_the_document_is_told_when_it_is_gone(
    parts: list[tuple[str, int]], edits: list[Edit], place: tuple[int, int]
) -> None:
    watcher = Watcher()
    watcher.offered(URI, 5, [("a", "return x")], 0.0)
    for name, units in parts:
        watcher.partly_accepted(name, units)
    changes = [watcher.edited(edit, 0.0) for edit in edits]
    assert changes[-1].gone is not None
    assert changes[-1].gone.taken_part == place
