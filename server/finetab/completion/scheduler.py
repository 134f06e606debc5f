"""Newest wins: a document's new request withdraws the one before it, and any request what is worked out ahead."""

import threading

from finetab.completion.request import Ticket


class Scheduler:
    """Hands out tickets, one in force per document. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_force: dict[str, Ticket] = {}
        self._ahead = Ticket()
        self._ahead_of = 0

    def begin(self, uri: str) -> Ticket:
        """A new ticket; the document's older one, if any, ends as superseded."""
        ticket = Ticket()
        with self._lock:
            older = self._in_force.get(uri)
            self._in_force[uri] = ticket
        if older is not None:
            older.end("superseded")
        return ticket

    def begin_ahead(self, place: str) -> Ticket | None:
        """A ticket for work that nobody waits for; the one before it ends. None where it is for the same place."""
        ticket = Ticket()
        with self._lock:
            older = self._ahead
            if hash(place) == self._ahead_of and not older.is_ended():
                return None
            self._ahead, self._ahead_of = ticket, hash(place)
        older.end("superseded")
        return ticket

    def end_ahead(self) -> None:
        """Withdraw what is worked out ahead: the model is needed."""
        self._ahead.end("superseded")

    def finish(self, uri: str, ticket: Ticket) -> None:
        """Forget a ticket whose request has been answered."""
        with self._lock:
            if self._in_force.get(uri) is ticket:
                del self._in_force[uri]

    def end_all(self) -> None:
        """Withdraw every request, at shutdown."""
        with self._lock:
            tickets = list(self._in_force.values())
            self._in_force.clear()
        for ticket in [*tickets, self._ahead]:
            ticket.end("cancelled")
