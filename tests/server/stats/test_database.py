"""The file: rows come back as they were put, old ones go, damage is set aside, and mistakes are sentences."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from finetab.errors import BadFile
from finetab.stats import database
from finetab.stats.database import (
    connect,
    count_shown,
    database_path,
    identity,
    prune,
    read_rows,
    reset,
    set_aside,
    write,
)
from finetab.stats.events import Fate, Offer, Outcome

OFFER = Offer(
    id="a", continues="", time=time.time(), language="python", base="tiny", adapter="mine@1", characters=8, lines=1,
    why="answered", is_explicit=False, total_ms=50.0, prefill_ms=20.0, decode_ms=25.0,
)  # fmt: skip
DAY_S = 86_400


def put(path: Path, *records: Offer | Outcome) -> None:
    with closing(connect(path)) as connection:
        write(connection, records)


def test_what_is_written_is_read_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "new" / "stats.sqlite3"
    assert read_rows(path) == []
    assert not path.exists()
    older = replace(OFFER, id="b", continues="a", time=OFFER.time - 1, is_explicit=True, prefill_ms=None)
    put(path, OFFER, older, Outcome("a", "shown"), Outcome("a", "retained_30", 0.5))
    assert read_rows(path) == [(older, Fate()), (OFFER, Fate(shown=1.0, retained_30=0.5))]


def test_what_was_shown_is_counted_once_and_what_was_accepted_of_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert count_shown(path) == (0, 0)
    offers = [replace(OFFER, id=name, continues="a" if name == "c" else "") for name in "abcd"]
    shown = [Outcome(name, "shown") for name in "abc"]
    put(path, *offers, *shown, Outcome("b", "accepted", 8), Outcome("c", "accepted", 4), Outcome("a", "accepted", 0))
    assert count_shown(path) == (2, 1)


def test_no_column_holds_text_of_a_document(tmp_path: Path) -> None:
    put(tmp_path / "s", OFFER)
    with closing(connect(tmp_path / "s")) as connection:
        (row,) = connection.execute("SELECT * FROM offers").fetchall()
    assert {value for value in row if isinstance(value, str)} == {"a", "", "python", "tiny", "mine@1", "answered"}


def test_an_outcome_told_twice_counts_by_its_greater_value_and_one_without_an_offer_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "s"
    put(path, OFFER, Outcome("a", "partly", 7), Outcome("a", "partly", 3), Outcome("unknown", "shown"))
    put(path, OFFER)
    assert read_rows(path) == [(OFFER, Fate(partly=7.0))]


def test_days_choose_what_is_read(tmp_path: Path) -> None:
    put(tmp_path / "s", OFFER, replace(OFFER, id="old", time=OFFER.time - 3 * DAY_S))
    assert [offer.id for offer, _ in read_rows(tmp_path / "s", days=2)] == ["a"]
    assert [offer.id for offer, _ in read_rows(tmp_path / "s", days=10**30)] == ["old", "a"]


def test_what_is_old_and_what_is_too_much_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s"
    offers = [replace(OFFER, id=str(index), time=OFFER.time - index) for index in range(5)]
    put(path, *offers, replace(OFFER, id="old", time=OFFER.time - 181 * DAY_S))
    monkeypatch.setattr(database, "KEPT_OFFERS", 3)
    with closing(connect(path)) as connection:
        prune(connection)
    assert [offer.id for offer, _ in read_rows(path)] == ["2", "1", "0"]


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with closing(connect(path)) as connection:
        write(connection, [OFFER])
        with pytest.raises(sqlite3.Error):
            write(connection, [Outcome("a", "shown"), Outcome("a", "typed", object())])  # type: ignore[arg-type]
        write(connection, [Outcome("a", "rejected")])
    assert read_rows(path) == [(OFFER, Fate(rejected=1.0))]


def test_reset_deletes_everything_also_what_was_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "stats.sqlite3"
    reset(path)
    put(path, OFFER)
    (tmp_path / "stats.sqlite3.damaged-1").write_bytes(b"x")
    with closing(connect(path)) as other_window:
        reset(path)
        write(other_window, [replace(OFFER, id="after")])
    assert [offer.id for offer, _ in read_rows(path)] == ["after"]
    assert not list(tmp_path.glob("*damaged*"))


def test_a_damaged_file_is_a_sentence_for_who_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"no database " * 1_000)
    with pytest.raises(BadFile, match=r"cannot be read .*not a database"):
        read_rows(path)
    with pytest.raises(BadFile, match=r"delete .*s"):
        reset(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_damaged_file_is_set_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"damaged")
    path.with_name("s-wal").write_bytes(b"log")
    known = identity(path)
    aside = set_aside(path, known)
    assert aside is not None
    assert aside.read_bytes() == b"damaged"
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"log"
    put(path, OFFER)
    assert set_aside(path, known) is None
    assert len(read_rows(path)) == 1


def test_the_place_can_be_moved(home: Path) -> None:
    assert database_path() == home / "data" / "finetab" / "stats.sqlite3"
