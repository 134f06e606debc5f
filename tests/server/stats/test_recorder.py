"""From what the editor tells to rows: the watcher, the followed spans and a real database together."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.stats.test_database import OFFER

from finetab.documents import Edit
from finetab.stats.database import read_rows
from finetab.stats.events import Fate, Offer
from finetab.stats.recorder import Recorder
from finetab.stats.store import Store

URI = "file:///a.py"


class Desk:
    """A recorder, a clock that stands until it is moved, and one document."""

    def __init__(self, path: Path) -> None:
        self.now = 0.0
        self.text = ""
        self.recorder = Recorder(Store(path), lambda: self.now)

    def offer(self, name: str, text: str, before: str | None = None, place: int | None = None) -> None:
        asked = self.text if before is None else before
        at = len(asked) if place is None else place
        self.recorder.offered(URI, asked, self.text, at, [(replace(OFFER, id=name), text)])

    def edit(self, start: int, end: int, new: str) -> None:
        self.recorder.edited(URI, self.text, Edit(start, end, new))
        self.text = self.text[:start] + new + self.text[end:]

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def rows(self) -> dict[str, tuple[Offer, Fate]]:
        self.recorder.settle()
        self.recorder.store.flush()
        return {offer.id: (offer, fate) for offer, fate in read_rows(self.recorder.store.path)}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "stats.sqlite3")
    yield desk
    desk.recorder.store.close()
    desk.recorder.store.join()


def test_an_accepted_text_is_followed_from_where_it_was_put(desk: Desk) -> None:
    desk.edit(0, 0, "x = ")
    desk.offer("a", "compute()")
    desk.wait(1)
    desk.edit(4, 4, "compute()")
    desk.recorder.accepted("a")
    desk.wait(31)
    desk.edit(0, 0, "# new line\n")
    desk.edit(desk.text.index("compute"), len(desk.text), "")
    desk.wait(100)
    fate = desk.rows()["a"][1]
    assert (fate.shown, fate.accepted, fate.retained_30, fate.retained_120) == (1.0, 9.0, 1.0, 0.0)
    assert fate.retained_300 is None


def test_only_what_was_taken_is_followed_when_the_rest_is_dropped(desk: Desk) -> None:
    desk.offer("a", "one two three")
    desk.recorder.partly_accepted("a", 4)
    desk.edit(0, 0, "one ")
    desk.edit(4, 4, "TWO")
    desk.wait(40)
    fate = desk.rows()["a"][1]
    assert (fate.partly, fate.retained_30) == (4.0, 1.0)


def test_typing_into_a_suggestion_makes_rows_that_continue_it(desk: Desk) -> None:
    desk.offer("a", "return x")
    desk.edit(0, 0, "r")
    desk.offer("b", "eturn x")
    desk.edit(1, 1, "e")
    desk.offer("c", "turn x")
    desk.edit(2, 2, "turn x")
    desk.recorder.accepted("c")
    rows = desk.rows()
    assert [rows[name][0].continues for name in "abc"] == ["", "a", "a"]
    assert rows["a"][1].accepted == 6.0
    assert rows["c"][1] == Fate()


def test_an_editor_that_replaces_the_whole_text_types_all_the_same(desk: Desk) -> None:
    desk.edit(0, 0, "def f():\n    ")
    desk.offer("a", "return 1")
    desk.edit(0, len(desk.text), desk.text + "return 1")
    desk.recorder.accepted("a")
    desk.wait(30)
    desk.edit(0, len(desk.text), desk.text.replace("f", "g"))
    assert desk.rows()["a"][1].retained_30 == 1.0


def test_a_formatter_above_and_below_leaves_what_was_accepted_in_place(desk: Desk) -> None:
    desk.edit(0, 0, "a=1\n")
    desk.offer("a", "keep = 2\n")
    desk.edit(4, 4, "keep = 2\n")
    desk.recorder.accepted("a")
    desk.edit(len(desk.text), len(desk.text), "b=3\n")
    desk.edit(0, len(desk.text), "a = 1\nkeep = 2\nb = 3\n")
    desk.wait(30)
    assert desk.rows()["a"][1].retained_30 == 1.0


def test_an_answer_that_comes_too_late_is_kept_but_not_watched(desk: Desk) -> None:
    desk.edit(0, 0, "abc")
    desk.offer("a", "return x", before="ab", place=1)
    desk.wait(10)
    assert desk.rows()["a"][1] == Fate()


def test_an_answer_to_an_older_text_that_was_typed_on_is_watched(desk: Desk) -> None:
    desk.edit(0, 0, "re")
    desk.offer("a", "return x", before="")
    desk.wait(1)
    desk.edit(2, 2, "turn x")
    assert desk.rows()["a"][1] == Fate(shown=1.0, typed=1.0)


def test_a_document_that_is_closed_is_followed_no_more(desk: Desk) -> None:
    desk.offer("a", "text")
    desk.edit(0, 0, "text")
    desk.recorder.accepted("a")
    desk.wait(31)
    desk.recorder.closed(URI)
    desk.wait(500)
    fate = desk.rows()["a"][1]
    assert (fate.retained_30, fate.retained_120) == (1.0, None)


def test_an_answer_in_another_document_takes_the_offer_off_the_screen(desk: Desk) -> None:
    desk.offer("a", "text")
    desk.wait(1)
    desk.recorder.offered("file:///b.py", "", "", 0, [(replace(OFFER, id="b"), "text")])
    desk.edit(0, 0, "text")
    desk.recorder.closed(URI)
    rows = desk.rows()
    assert (rows["a"][1], rows["b"]) == (Fate(shown=1.0), (replace(OFFER, id="b"), Fate()))
    desk.wait(1)
    desk.recorder.focused("file:///b.py")
    desk.recorder.closed("file:///b.py")
    assert desk.rows()["b"][1] == Fate(shown=1.0)


def test_a_document_out_of_focus_shows_nothing(desk: Desk) -> None:
    desk.offer("a", "text")
    desk.wait(1)
    desk.recorder.focused("file:///b.py")
    assert desk.rows()["a"][1] == Fate(shown=1.0)
    desk.edit(0, 0, "text")
    assert desk.rows()["a"][1] == Fate(shown=1.0)


def test_what_was_forgotten_is_followed_no_more(desk: Desk) -> None:
    desk.offer("a", "text")
    desk.edit(0, 0, "text")
    desk.recorder.accepted("a")
    desk.offer("b", "more")
    desk.recorder.forget()
    desk.recorder.accepted("b")
    desk.wait(700)
    desk.edit(4, 4, "more")
    rows = desk.rows()
    assert rows["a"][1] == Fate(shown=1.0, accepted=4.0, typed=1.0)
    assert rows["b"][1] == Fate()


def test_the_editor_s_word_starts_the_clock_and_ends_it(desk: Desk) -> None:
    desk.offer("a", "text")
    desk.wait(1)
    desk.recorder.shown("a")
    desk.wait(0.5)
    desk.recorder.rejected("a")
    assert desk.rows()["a"][1] == Fate(rejected=1.0)
