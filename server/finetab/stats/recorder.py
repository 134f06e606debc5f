"""From what the editor tells to what is kept: the one object that the language server talks to.

Used on one thread; the store behind it writes on another, so that nothing here waits for the disk.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from finetab.documents import Edit
from finetab.stats.edits import refined, typed_between
from finetab.stats.events import Offer
from finetab.stats.retention import Retention
from finetab.stats.store import Store
from finetab.stats.watching import Change, Suggestion, Watcher


class Recorder:
    """Follows the offers of one server. Every method returns at once and raises nothing that the disk does."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._watcher = Watcher()
        self._retention = Retention()

    def offered(self, uri: str, before: str, now: str, place: int, offers: Sequence[tuple[Offer, str]]) -> None:
        """Texts have been offered at a place of a document that was `before` when they were asked for."""
        moment = self._clock()
        typed = typed_between(before, now, place)
        if typed is None:  # the answer came too late to be shown, but it was made
            self.store.put(*(offer for offer, _ in offers))
            return
        answers = [(offer.id, text) for offer, text in offers]
        outcomes = self._watcher.offered(uri, place, answers, moment, typed)
        firsts = [(offer, self._watcher.first_id(offer.id)) for offer, _ in offers]
        self.store.put(*(offer if first == offer.id else replace(offer, continues=first) for offer, first in firsts))
        self.store.put(*outcomes)

    def shown(self, offer_id: str) -> None:
        """The editor shows an offer."""
        self.store.put(*self._watcher.shown(offer_id, self._clock()))

    def accepted(self, offer_id: str) -> None:
        """The editor took the whole of an offer."""
        self.store.put(*self._watcher.accepted(offer_id))

    def partly_accepted(self, offer_id: str, units: int) -> None:
        """The editor took the first `units` UTF-16 units of an offer."""
        self.store.put(*self._watcher.partly_accepted(offer_id, units))

    def rejected(self, offer_id: str) -> None:
        """The user did not want an offer."""
        self.store.put(*self._watcher.rejected(offer_id, self._clock()))

    def edited(self, uri: str, text: str, edit: Edit) -> None:
        """A document whose text was `text` is changed by an edit."""
        self.settle()
        if not self._watcher.is_watching(uri) and not self._retention.is_following(uri):
            return
        for part in refined(text, edit):
            if part.replacement or part.start < part.end:
                self._follow(uri, part)

    def _follow(self, uri: str, edit: Edit) -> None:
        change = self._watcher.edited(edit, self._clock()) if self._watcher.is_watching(uri) else Change([])
        if change.gone and not change.is_complete:
            self._keep_an_eye_on(uri, change.gone)
        self._retention.edited(uri, edit)
        if change.gone and change.is_complete:
            self._keep_an_eye_on(uri, change.gone)
        self.store.put(*change.outcomes)

    def _keep_an_eye_on(self, uri: str, gone: Suggestion) -> None:
        begin, end = gone.taken_part
        self._retention.follow(uri, gone.id, gone.start + begin, gone.text[begin:end], self._clock())

    def closed(self, uri: str) -> None:
        """A document is closed."""
        self.settle()
        if self._watcher.is_watching(uri):
            self.store.put(*self._watcher.left(self._clock()))
        self._retention.closed(uri)

    def focused(self, uri: str) -> None:
        """The user looks at a document, "" for none of them."""
        if not self._watcher.is_watching(uri):
            self.store.put(*self._watcher.left(self._clock()))

    def forget(self) -> None:
        """Follow nothing any more of what has been offered so far: its places are not known from now on."""
        self._watcher, self._retention = Watcher(), Retention()

    def settle(self) -> None:
        """Tell the store what is known by now."""
        moment = self._clock()
        self.store.put(*self._retention.settle(moment), *self._watcher.settle(moment))
