"""The database's schema, as the steps that lead to it. Steps are only ever added: a database knows how many it had."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from finetab.errors import BadFile

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """
        CREATE TABLE offers (
            id TEXT PRIMARY KEY, continues TEXT NOT NULL, time REAL NOT NULL,
            language TEXT NOT NULL, base TEXT NOT NULL, adapter TEXT NOT NULL,
            characters INTEGER NOT NULL, lines INTEGER NOT NULL, why TEXT NOT NULL, is_explicit INTEGER NOT NULL,
            total_ms REAL NOT NULL, prefill_ms REAL, decode_ms REAL,
            shown REAL, accepted REAL, partly REAL, typed REAL, rejected REAL,
            retained_30 REAL, retained_120 REAL, retained_300 REAL, retained_600 REAL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX offers_by_time ON offers (time)",
    ),
    ("ALTER TABLE offers ADD COLUMN folder TEXT NOT NULL DEFAULT ''",),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that a database has not had yet, all or none; another process may do the same meanwhile.

    Raises `BadFile` for a database of a newer finetab.
    """
    if _steps_taken(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        taken = _steps_taken(connection)
        if taken > len(MIGRATIONS):
            raise BadFile("it was written by a newer finetab; update this one")
        for step in MIGRATIONS[taken:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _steps_taken(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
