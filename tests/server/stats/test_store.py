"""The writing thread: whatever becomes of the disk, nobody waits for it, and what can be kept is kept."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.stats.test_database import OFFER

from finetab.stats import store as store_module
from finetab.stats.database import connect, read_rows
from finetab.stats.events import Outcome
from finetab.stats.store import Store


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    store = Store(path)
    try:
        yield store
    finally:
        store.close()
        store.join()


def ids(path: Path) -> list[str]:
    return sorted(offer.id for offer, _ in read_rows(path))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_records_are_on_the_disk_after_a_flush_and_after_the_end(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with opened(path) as store:
        store.put(OFFER, Outcome("a", "shown"))
        store.flush()
        assert read_rows(path)[0][1].shown == 1.0
        store.put(*(replace(OFFER, id=str(index)) for index in range(500)))
    assert len(ids(path)) == 501


def test_nothing_is_made_while_there_is_nothing_to_keep(tmp_path: Path) -> None:
    with opened(tmp_path / "folder" / "s") as store:
        store.put()
        store.flush()
    assert list(tmp_path.iterdir()) == []


def test_after_the_end_records_are_dropped(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        store.put(OFFER)
    store.put(replace(OFFER, id="late"))
    store.flush()
    assert ids(tmp_path / "s") == ["a"]


def test_several_windows_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s"

    def window(name: int) -> None:
        with opened(path) as store:
            for index in range(50):
                store.put(replace(OFFER, id=f"{name}-{index}"))

    threads = [threading.Thread(target=window, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids(path)) == 200


def test_a_locked_database_costs_one_line_in_the_log_and_what_waited_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("finetab.stats.database._BUSY_S", 0.05)
    path = tmp_path / "s"
    with closing(connect(path)) as other, opened(path) as store:
        other.execute("BEGIN IMMEDIATE")
        for index in range(3):
            store.put(replace(OFFER, id=str(index)))
            store.flush()
        other.execute("ROLLBACK")
        assert ids(path) == []
        store.put(replace(OFFER, id="3"))
    assert ids(path) == ["0", "1", "2", "3"]
    assert len(warnings(caplog)) == 1
    assert "locked" in warnings(caplog)[0]


def test_the_oldest_are_dropped_when_too_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "_MAX_WAITING", 2)
    (tmp_path / "file").write_text("")
    with opened(tmp_path / "file" / "s") as store:
        for index in range(4):
            store.put(replace(OFFER, id=str(index)))
            store.flush()
        (tmp_path / "file").unlink()
    assert ids(tmp_path / "file" / "s") == ["2", "3"]
    assert len(warnings(caplog)) == 1


def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "stats.sqlite3"
    path.write_bytes(b"x" * 5_000)
    with opened(path) as store:
        store.put(OFFER)
    assert ids(path) == ["a"]
    (aside,) = tmp_path.glob("stats.sqlite3.damaged-*")
    assert aside.read_bytes() == b"x" * 5_000
    assert len(warnings(caplog)) == 1


def test_a_database_damaged_while_it_is_open_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "stats.sqlite3"
    with opened(path) as store:
        store.put(OFFER)
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (4096 * (pages - 1)))
    with opened(path) as store:
        store.put(replace(OFFER, id="b"))
    assert ids(path) == ["b"]
    assert len(list(tmp_path.glob("stats.sqlite3.damaged-*"))) == 1
    assert len(warnings(caplog)) == 1


def test_a_database_of_a_newer_finetab_is_not_written_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "s"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with opened(path) as store:
        store.put(OFFER)
        store.flush()
    assert "newer finetab" in warnings(caplog)[0]
    assert list(tmp_path.glob("*damaged*")) == []


def test_what_can_never_be_written_does_not_stand_in_the_way_of_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path / "s") as store:
        store.put(replace(OFFER, adapter="no text: \ud800"))
        store.flush()
        store.put(replace(OFFER, id="b"))
    assert ids(tmp_path / "s") == ["b"]
    assert len(warnings(caplog)) == 1


def test_a_full_disk_costs_one_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    path = tmp_path / "s"
    path.symlink_to(full)
    with opened(path) as store:
        store.put(OFFER)
        store.flush()
        store.put(OFFER)
    assert len(warnings(caplog)) == 1
