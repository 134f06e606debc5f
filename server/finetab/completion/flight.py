"""What is being worked out, and for whom: it goes on while what is typed meanwhile agrees with what it says.

Somebody who types steadily what the model is about to say would else never see it: each key withdraws the request
whose answer was right. So the next request takes over the work of the one before. What it is given is what is left of
that answer after the letters typed since, as if the answer had been on the screen already.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from finetab.completion.request import CompletionRequest
from finetab.core.pairs import OPENERS

# Editors withdraw a request at a key, and send the next one when no further key has come: VS Code after 50 ms, Neovim
# after 200.
_PATIENCE_SECONDS = 0.25


class Flight:
    """One answer under way. The engine's thread asks `is_over` before every step; any thread may take it over."""

    def __init__(self, request: CompletionRequest) -> None:
        self.path = request.document.path
        self.said = ""
        """The text of the answer so far."""
        self.done: Future[None] = Future()
        self.done.set_running_or_notify_cancel()  # who waits for it cannot cancel it
        self._request = request
        self._ticket = request.ticket
        self._typed = ""
        # Further candidates would keep those waiting who want only one.
        self._is_for_others = request.num_candidates == 1
        self._is_stopped = request.ticket.is_ended()

    def take_over(self, request: CompletionRequest) -> bool:
        """Go on for another request, if the text agrees; whether it does."""
        typed = typed_since(self._request, request) if self._is_for_others else None
        if typed is None or self.is_over() or not _agree(typed, self.said):
            return False
        self._typed, self._ticket = typed, request.ticket
        return True

    def make_way(self, request: CompletionRequest) -> None:
        """Stop for a request that needs the model, if it is for the same document or nobody waits for this."""
        if self._ticket.is_ended() or self.path == request.document.path:
            self.stop()

    def stop(self) -> None:
        """End before the next step."""
        self._is_stopped = True

    def is_over(self) -> bool:
        """Whether it is to end: stopped, gone another way than the text, or left alone for too long."""
        return self._is_stopped or not _agree(self._typed, self.said) or self._is_left()

    def _is_left(self) -> bool:
        ended = self._ticket.ended
        patience = _PATIENCE_SECONDS if self._is_for_others else 0.0
        return ended.done() and time.monotonic() - ended.result() >= patience


class Flights:
    """What one model is working out, which is rarely more than one answer. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Flight] = []

    @contextmanager
    def begin(self, request: CompletionRequest) -> Iterator[Flight]:
        """Work for a request, `done` when left; the rest makes way, unless the request is withdrawn already."""
        flight = Flight(request)
        with self._lock:
            for other in self._running if not flight.is_over() else ():
                other.make_way(request)
            self._running.append(flight)
        try:
            yield flight
        finally:
            with self._lock:
                self._running.remove(flight)
            flight.done.set_result(None)

    def take_over(self, path: str, requests: Sequence[CompletionRequest]) -> Future[None] | None:
        """See `Service.take_over`: what is under way for a document goes on for one of the requests, or stops."""
        with self._lock:
            for flight in self._running:
                if flight.path == path and any(map(flight.take_over, requests)):
                    return flight.done
                if flight.path == path:
                    flight.stop()
        return None


def typed_since(older: CompletionRequest, newer: CompletionRequest) -> str | None:
    """What has been typed at the older request's place, None where anything else has changed.

    A bracket or quote that an editor has put after the cursor, to close one that was typed, is no change.
    """
    before, after = older.prefix, newer.suffix
    is_closed = after[:1] in OPENERS and after[1:] == older.suffix
    if older.document.path != newer.document.path or not (after == older.suffix or is_closed):
        return None
    return newer.prefix[len(before) :] if newer.prefix.startswith(before) else None


def _agree(typed: str, said: str) -> bool:
    """Whether one goes on where the other ends; of a character that is said in several tokens, the last may be out."""
    typed, said = typed.replace("\r\n", "\n"), said.rstrip("\ufffd")
    return said.startswith(typed) or typed.startswith(said)
