"""How much of accepted text is still there after a while. Pure: the clock is an argument, and nothing wakes up.

Between two edits a text stands still. So what stood there at the moment that counts is known whenever the next edit
comes, and no timer is needed that would have to be cancelled: `settle` is called before each edit, at close, and
whenever somebody asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from finetab.documents import Edit
from finetab.stats.events import RETAINED, Outcome

_NEVER = float("inf")


@dataclass(slots=True)
class _Span:
    """Accepted text, where it is now, and what has become of it."""

    offer_id: str
    accepted: str
    start: int
    now: str
    since: float
    left: tuple[int, ...] = tuple(RETAINED)

    @property
    def end(self) -> int:
        return self.start + len(self.now)


class Retention:
    """The accepted texts of the open documents, followed through their edits for ten minutes."""

    def __init__(self) -> None:
        self._spans: dict[str, list[_Span]] = {}
        self._due = _NEVER

    def is_following(self, uri: str) -> bool:
        """Whether edits of this document need to be told."""
        return uri in self._spans

    def follow(self, uri: str, offer_id: str, start: int, text: str, now: float) -> None:
        """Follow a text that stands in a document from `start`."""
        if text:
            self._spans.setdefault(uri, []).append(_Span(offer_id, text, start, text, now))
            self._due = min(self._due, now + min(RETAINED))

    def edited(self, uri: str, edit: Edit) -> None:
        """Follow one edit of a document."""
        for span in self._spans.get(uri, ()):
            _move(span, edit)

    def settle(self, now: float) -> list[Outcome]:
        """What is known by now and was not before. To be called before an edit, since it looks at the text as it is."""
        if now < self._due:
            return []
        outcomes = [outcome for spans in self._spans.values() for span in spans for outcome in _settled(span, now)]
        going_on = {uri: [span for span in spans if span.left] for uri, spans in self._spans.items()}
        self._spans = {uri: spans for uri, spans in going_on.items() if spans}
        moments = (span.since + span.left[0] for spans in self._spans.values() for span in spans)
        self._due = min(moments, default=_NEVER)
        return outcomes

    def closed(self, uri: str) -> None:
        """Forget a document."""
        self._spans.pop(uri, None)


def _settled(span: _Span, now: float) -> Iterator[Outcome]:
    due = [seconds for seconds in span.left if now >= span.since + seconds]
    if due:
        left = Levenshtein.normalized_similarity(span.accepted, span.now)
        span.left = span.left[len(due) :]
        yield from (Outcome(span.offer_id, RETAINED[seconds], left) for seconds in due)


def _move(span: _Span, edit: Edit) -> None:
    """Put a span where it is after an edit.

    New text belongs to it when it goes into the span or replaces it whole; not when it only touches the border, or
    replaces something that begins before the span and ends in it.
    """
    if edit.start >= span.end:
        return
    if edit.end <= span.start:
        span.start += len(edit.replacement) - (edit.end - edit.start)
        return
    head, tail = span.now[: max(0, edit.start - span.start)], span.now[edit.end - span.start :]
    if edit.start < span.start and tail:
        span.start, span.now = edit.start + len(edit.replacement), tail
    else:
        span.start, span.now = min(edit.start, span.start), head + edit.replacement + tail
