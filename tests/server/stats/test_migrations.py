"""The schema's steps: taken once, by however many processes, and never on a database of a newer finetab."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from finetab.errors import BadFile
from finetab.stats import migrations
from finetab.stats.database import connect, read_rows
from finetab.stats.migrations import MIGRATIONS, migrate


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(offers)")]


def test_an_older_database_gets_the_steps_it_has_not_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(tmp_path / "s").close()
    before = columns(tmp_path / "s")
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, ("ALTER TABLE offers ADD COLUMN mood TEXT",)))
    connect(tmp_path / "s").close()
    connect(tmp_path / "s").close()
    assert columns(tmp_path / "s") == [*before, "mood"]


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(tmp_path / "s").close()
    before = columns(tmp_path / "s")
    steps = (*MIGRATIONS, ("ALTER TABLE offers ADD COLUMN mood TEXT", "nonsense"))
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "s")
    assert columns(tmp_path / "s") == before


def test_a_database_of_a_newer_finetab_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "s", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        with pytest.raises(BadFile, match="newer finetab"):
            migrate(connection)


def test_several_that_begin_at_once_make_one_schema(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: connect(path).close(), [tmp_path / "s"] * 8))
    assert columns(tmp_path / "s").count("id") == 1


def test_rows_from_before_folders_had_marks_are_read_and_are_of_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", MIGRATIONS[:1])
        with closing(connect(tmp_path / "s")) as connection:
            connection.execute(
                "INSERT INTO offers (id, continues, time, language, base, adapter, characters, lines, why, is_explicit,"
                " total_ms, shown) VALUES ('a', '', 1.0, 'python', 'tiny', 'base', 8, 1, 'answered', 0, 50.0, 1.0)"
            )
    ((offer, fate),) = read_rows(tmp_path / "s")
    assert (offer.id, offer.folder, fate.shown) == ("a", "", 1.0)
