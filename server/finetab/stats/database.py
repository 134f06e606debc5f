"""The file: where it is, how it is opened, read, emptied, and set aside when it is damaged."""

import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import platformdirs

from finetab.errors import BadFile
from finetab.stats.events import Fate, Offer, Record, Row
from finetab.stats.migrations import migrate

FILE_NAME = "stats.sqlite3"
KEPT_DAYS = 180
KEPT_OFFERS = 100_000

_DAY_S = 86_400.0
_BUSY_S = 2.0  # another window may be writing
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PARTS = ("", "-wal", "-shm")
_OFFER = tuple(item.name for item in fields(Offer))
_FATE = tuple(item.name for item in fields(Fate))
_INSERT = f"INSERT OR IGNORE INTO offers ({', '.join(_OFFER)}) VALUES ({', '.join('?' * len(_OFFER))})"  # noqa: S608 - our own names
_SELECT = f"SELECT {', '.join((*_OFFER, *_FATE))} FROM offers WHERE time >= ? ORDER BY time"  # noqa: S608


def database_path() -> Path:
    """Where the statistics are kept; `XDG_DATA_HOME` moves it."""
    return Path(platformdirs.user_data_path("finetab")) / FILE_NAME


def connect(path: Path) -> sqlite3.Connection:
    """Open a database, made where there is none, in the newest schema. Raises `sqlite3.Error`, `OSError`, `BadFile`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a level of its own, Python leaves transactions to us.
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        # So that a window that reads and one that writes do not wait for each other.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def write(connection: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Write records, all or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for record in records:
            if isinstance(record, Offer):
                connection.execute(_INSERT, astuple(record))
            else:
                assert record.what in _FATE
                greater = f"{record.what} = max(coalesce({record.what}, 0), ?)"
                connection.execute(f"UPDATE offers SET {greater} WHERE id = ?", (record.value, record.offer_id))  # noqa: S608
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def prune(connection: sqlite3.Connection) -> None:
    """Delete what is too old, and the oldest of what is too much."""
    connection.execute("DELETE FROM offers WHERE time < ?", (time.time() - KEPT_DAYS * _DAY_S,))
    newest = "SELECT time FROM offers ORDER BY time DESC LIMIT 1 OFFSET ?"
    connection.execute(f"DELETE FROM offers WHERE time <= ({newest})", (KEPT_OFFERS,))  # noqa: S608


def read_rows(path: Path, days: int | None = None) -> list[Row]:
    """Everything that is kept of the last days, oldest first; nothing where there is no database.

    Raises `BadFile` with what to do.
    """
    since = time.time() - min(days, KEPT_DAYS) * _DAY_S if days is not None else 0.0
    found = _asked(path, _SELECT, since)
    return [(Offer(*row[: len(_OFFER)]), Fate(*row[len(_OFFER) :])) for row in found]


def count_shown(path: Path) -> tuple[int, int]:
    """How many suggestions were shown, and how many of them accepted. Raises `BadFile` with what to do."""
    found = _asked(path, "SELECT count(*), count(nullif(accepted, 0)) FROM offers WHERE continues = '' AND shown > 0")
    return found[0] if found else (0, 0)


def _asked(path: Path, question: str, *values: float) -> list[tuple[Any, ...]]:
    """The rows that answer a question; none where there is no database."""
    if not path.exists():
        return []
    try:
        with closing(connect(path)) as connection:
            return connection.execute(question, values).fetchall()
    except (sqlite3.Error, OSError, BadFile) as error:
        raise BadFile(f"The statistics in {path} cannot be read ({error}). Completions do not need them.") from error


def reset(path: Path) -> None:
    """Delete everything, also what was set aside. Servers that run go on with the emptied database.

    Raises `BadFile` with what to do.
    """
    try:
        for damaged in path.parent.glob(f"{path.name}.damaged-*"):
            damaged.unlink()
        if path.exists():
            with closing(connect(path)) as connection:
                connection.execute("DELETE FROM offers")
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log beside it still holds the rows
    except (sqlite3.Error, OSError, BadFile) as error:
        raise BadFile(
            f"The statistics could not be deleted ({error}); close your editors and delete {path}."
        ) from error


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the file itself is no database any more."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGED


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands under a name at this moment."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(path: Path, known: tuple[int, int] | None) -> Path | None:
    """Give a damaged database another name; None when another process has done so and a new one stands there.

    Raises `OSError` when the disk says no.
    """
    if known is None or identity(path) != known:
        return None
    target = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    for part in _PARTS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(target.with_name(target.name + part))
    return target
