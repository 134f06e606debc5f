"""Newest wins, per document."""

from finetab.completion.scheduler import Scheduler


def test_a_new_request_supersedes_the_older_one_of_its_document() -> None:
    scheduler = Scheduler()
    first, other = scheduler.begin("a"), scheduler.begin("b")
    second = scheduler.begin("a")
    assert (first.is_ended(), first.why) == (True, "superseded")
    assert not second.is_ended()
    assert not other.is_ended()


def test_a_finished_request_is_not_superseded() -> None:
    scheduler = Scheduler()
    first = scheduler.begin("a")
    scheduler.finish("a", first)
    scheduler.begin("a")
    assert not first.is_ended()


def test_the_first_reason_stays() -> None:
    scheduler = Scheduler()
    ticket = scheduler.begin("a")
    ticket.end("cancelled")
    scheduler.begin("a")
    assert ticket.why == "cancelled"


def test_shutdown_ends_them_all() -> None:
    scheduler = Scheduler()
    tickets = [scheduler.begin(uri) for uri in "abc"]
    scheduler.end_all()
    assert all(ticket.is_ended() for ticket in tickets)


def test_what_is_worked_out_ahead_gives_way_and_is_withdrawn_at_the_end() -> None:
    scheduler = Scheduler()
    first = scheduler.begin_ahead("x = 1")
    second = scheduler.begin_ahead("y = 1")
    assert first is not None
    assert second is not None
    assert (first.is_ended(), second.is_ended()) == (True, False)
    assert scheduler.begin_ahead("y = 1") is None
    scheduler.begin("a")
    assert not second.is_ended()
    scheduler.end_ahead()
    assert second.is_ended()
    third = scheduler.begin_ahead("y = 1")
    assert third is not None
    scheduler.end_all()
    assert third.is_ended()
