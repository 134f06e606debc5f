"""What is on screen at the cursor, and what becomes of it. Pure: the clock is an argument.

A suggestion is offered, typed into, taken in part, and in the end taken, typed out, rejected, or gone:

    offered ── clock starts ──> on screen ── typed into, taken in part ──> on screen
                                    │
                                    └── edited otherwise, replaced, rejected, out of focus, closed ──> gone

It counts as shown when it has stood there for `SHOWN_AFTER_S`, or was taken. That is found out when it goes, not by a
timer: nothing has to wake up, and nothing is left to be cancelled at the end.

While the user types into a suggestion, each keystroke brings an answer with a new id, which is what was left of the
one before. To the user it is one suggestion, so it is one here: it goes by its first id and keeps its clock. Where the
editor has closed a bracket or quote that they typed, what is left ends before what closes it.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from finetab.core.pairs import without_closer
from finetab.documents import Edit
from finetab.stats.events import Happening, Outcome

SHOWN_AFTER_S = 0.75
# Accepting is told after the text is in, and an edit or two may come between.
_REMEMBERED = 256


@dataclass(slots=True, eq=False)
class Suggestion:
    """One text that is offered at one place, under as many ids as it had answers."""

    id: str
    text: str
    start: int
    typed: int = 0
    """How many of its characters stand in the document by now."""
    closer: str = ""
    """What the editor has put behind the rest, to close a bracket or quote that was typed."""
    since: float | None = None
    """When it came on screen; None while it is not."""
    is_counted: bool = False
    """Whether it has been told as shown."""
    begins: dict[str, int] = field(default_factory=dict)
    """Where in the text the answer of each id begins."""
    taken: dict[str, int] = field(default_factory=dict)
    """How many characters of the answer of an id were taken by command."""

    @property
    def rest(self) -> str:
        """What is left on screen."""
        return self.text[self.typed :]

    @property
    def place(self) -> int:
        """Where the rest is offered."""
        return self.start + self.typed

    @property
    def taken_part(self) -> tuple[int, int]:
        """From where to where its text was taken by command, as far as it stands in the document.

        Where that has not been told yet: from where its newest answer begins.
        """
        begin = min((self.begins[name] for name in self.taken), default=self.begins[self.newest_id])
        end = max((self.begins[name] + taken for name, taken in self.taken.items()), default=self.typed)
        return begin, max(begin, min(end, self.typed))

    @property
    def newest_id(self) -> str:
        """The id of the last answer."""
        return next(reversed(self.begins))


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did to the screen."""

    outcomes: list[Outcome]
    gone: Suggestion | None = None
    """The suggestion that went with this edit and has left text in the document."""
    is_complete: bool = False
    """Whether this edit put the last of its text in."""


class Watcher:
    """What is on screen: the texts offered at the one place where the user's cursor is."""

    def __init__(self) -> None:
        self._uri = ""
        self._screen: list[Suggestion] = []
        self._known: OrderedDict[str, Suggestion] = OrderedDict()
        self._client_tells = False

    def is_watching(self, uri: str) -> bool:
        """Whether something is on screen in a document."""
        return bool(self._screen) and self._uri == uri

    def offered(
        self, uri: str, place: int, answers: Sequence[tuple[str, str]], now: float, typed: str = ""
    ) -> list[Outcome]:
        """An answer has been sent, with one text or several to choose from, each with its id.

        `typed` is what has been typed at the place since the request was made. The clock of the first text starts
        now, unless this client tells itself what it shows.
        """
        before, screen = (self._screen if self._uri == uri else []), []
        for name, text in answers:
            if text.startswith(typed) and text != typed:
                suggestion = _continued(before, place + len(typed), text[len(typed) :])
                suggestion = suggestion or Suggestion(name, text, place, typed=len(typed))
                suggestion.begins[name] = suggestion.typed - len(typed)
                self._remember(name, suggestion)
                screen.append(suggestion)
        outcomes = [outcome for old in self._screen if old not in screen for outcome in _leave(old, now)]
        self._uri, self._screen = uri, screen
        if screen and not self._client_tells and screen[0].since is None:
            screen[0].since = now
        return outcomes

    def first_id(self, name: str) -> str:
        """The id that an offer's suggestion goes by."""
        found = self._known.get(name)
        return found.id if found else name

    def shown(self, name: str, now: float) -> list[Outcome]:
        """The client says what it shows: from now on its word starts the clocks."""
        if not self._client_tells:
            self._client_tells = True
            for suggestion in self._screen:
                suggestion.since = None
        found = self._known.get(name)
        if found is None or found not in self._screen:
            return []
        outcomes = [outcome for other in self._screen if other is not found for outcome in _leave(other, now)]
        if found.since is None:
            found.since = now
        return outcomes

    def accepted(self, name: str) -> list[Outcome]:
        """The editor has put in the whole of an answer, or is about to."""
        found = self._known.get(name)
        if found is None:
            return []
        found.taken[name] = len(found.text) - found.begins[name]
        return [*_count(found), _outcome(found, "accepted", sum(found.taken.values()))]

    def partly_accepted(self, name: str, units: int) -> list[Outcome]:
        """The editor has put in the first part of an answer, counted in UTF-16 from the answer's start."""
        found = self._known.get(name)
        if found is None or units <= 0:
            return []
        answer = found.text[found.begins[name] :]
        taken = len(answer.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore"))
        found.taken[name] = max(taken, found.taken.get(name, 0))
        return [*_count(found), _outcome(found, "partly", sum(found.taken.values()))]

    def rejected(self, name: str, now: float) -> list[Outcome]:
        """The user does not want it. An older id of what is still on screen was replaced, not rejected."""
        found = self._known.get(name)
        if found is None or found.newest_id != name:
            return []
        return [_outcome(found, "rejected"), *(self.left(now) if found in self._screen else [])]

    def edited(self, edit: Edit, now: float) -> Change:
        """The document has changed: by typing what is offered, or otherwise, which takes it off the screen."""
        screen = self._screen
        going_on = {suggestion: typed for suggestion in screen if (typed := _typed_into(suggestion, edit))}
        complete = next((each for each, typed in going_on.items() if typed.startswith(each.rest)), None)
        if complete:
            complete.typed = len(complete.text)
            return Change([*self.left(now), _outcome(complete, "typed")], complete, is_complete=True)
        if not going_on:
            return Change(self.left(now), next((suggestion for suggestion in screen if suggestion.taken), None))
        for suggestion, typed in going_on.items():
            suggestion.typed += len(typed)
            suggestion.closer = edit.replacement[len(typed) :] or suggestion.closer
        self._screen = list(going_on)
        return Change([outcome for other in screen if other not in going_on for outcome in _leave(other, now)])

    def left(self, now: float) -> list[Outcome]:
        """Nothing is on screen any more."""
        screen, self._screen = self._screen, []
        return [outcome for suggestion in screen for outcome in _leave(suggestion, now)]

    def settle(self, now: float) -> list[Outcome]:
        """What counts as shown by now, though it is still there."""
        return [outcome for shown in self._screen if _was_read(shown, now) for outcome in _count(shown)]

    def _remember(self, name: str, suggestion: Suggestion) -> None:
        self._known[name] = suggestion
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _continued(before: Sequence[Suggestion], place: int, rest: str) -> Suggestion | None:
    """The suggestion of which a text is what is left; it ends where that text does."""
    for old in before:
        if old.place == place and (old.rest == rest or (old.closer and old.rest.startswith(rest + old.closer))):
            old.text = old.text[: old.typed] + rest
            return old
    return None


def _typed_into(suggestion: Suggestion, edit: Edit) -> str:
    """What an edit types of what is offered: some of it, or all of it and more; "" where it does something else."""
    if not edit.start == edit.end == suggestion.place:
        return ""
    for typed in (edit.replacement, without_closer(edit.replacement)):
        if suggestion.rest.startswith(typed) or typed.startswith(suggestion.rest):
            return typed
    return ""


def _leave(suggestion: Suggestion, now: float) -> Iterator[Outcome]:
    if _was_read(suggestion, now):
        yield from _count(suggestion)
    suggestion.since = None


def _was_read(suggestion: Suggestion, now: float) -> bool:
    return suggestion.since is not None and now - suggestion.since >= SHOWN_AFTER_S


def _count(suggestion: Suggestion) -> Iterator[Outcome]:
    if not suggestion.is_counted:
        suggestion.is_counted = True
        yield _outcome(suggestion, "shown")


def _outcome(suggestion: Suggestion, what: Happening, value: float = 1.0) -> Outcome:
    return Outcome(suggestion.id, what, value)
