"""Puts records onto the disk from a thread of its own, so that the event loop never waits for it.

Whatever the disk says, completions go on: records wait while a database is locked or cannot be written, the oldest are
dropped when too many wait, and the log has one line. A damaged database is set aside under another name.
"""

import logging
import queue
import sqlite3
import threading
from pathlib import Path
from typing import TypeAlias

from finetab.errors import BadFile
from finetab.stats.database import connect, identity, is_damage, prune, set_aside, write
from finetab.stats.events import Record

_LOG = logging.getLogger(__name__)
# About ten minutes of the quickest typing.
_MAX_WAITING = 5_000

# An event asks whether everything before it has been written; None is the end.
_Incoming: TypeAlias = "queue.SimpleQueue[Record | threading.Event | None]"


class Store:
    """Keeps records in a database. The thread starts with the first record; until then nothing is touched."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queue: _Incoming = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def put(self, *records: Record) -> None:
        """Keep records, soon. After `close` they are dropped."""
        if self._is_closed or not records:
            return
        for record in records:
            self._queue.put(record)
        if self._thread is None:
            work = _Writer(self.path, self._queue).run
            self._thread = threading.Thread(target=work, name="finetab-stats", daemon=True)
            self._thread.start()

    def flush(self, seconds: float = 3.0) -> None:
        """Wait until what has been put before has been written, or could not be."""
        if self._thread is not None and not self._is_closed:
            done = threading.Event()
            self._queue.put(done)
            done.wait(seconds)

    def close(self) -> None:
        """Write what waits and end the thread, without waiting for it."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)

    def join(self, seconds: float = 3.0) -> None:
        """Wait for the thread's end after `close`, but not for ever: a disk may hang."""
        if self._thread is not None:
            self._thread.join(seconds)


class _Writer:
    """The thread's own part: the connection and the records that wait for it."""

    def __init__(self, path: Path, incoming: _Incoming) -> None:
        self._path = path
        self._queue = incoming
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._waiting: list[Record] = []
        self._has_told = False

    def run(self) -> None:
        """Write until the end is told."""
        is_ended = False
        while not is_ended:
            questions, is_ended = self._take()
            self._write()
            for question in questions:
                question.set()
        self._disconnect()

    def _take(self) -> tuple[list[threading.Event], bool]:
        """Wait for something, and take everything that is there."""
        questions: list[threading.Event] = []
        while True:
            item = self._queue.get()
            if item is None:
                return questions, True
            if isinstance(item, threading.Event):
                questions.append(item)
            else:
                self._waiting.append(item)
            if self._queue.empty():
                return questions, False

    def _write(self) -> None:
        if not self._waiting:
            return
        try:
            self._try()
        except (sqlite3.OperationalError, OSError, BadFile) as error:
            self._disconnect()
            self._tell(error)
            del self._waiting[:-_MAX_WAITING]
        except Exception as error:  # noqa: BLE001 - the edge of the thread: what cannot be written now never can
            self._disconnect()
            self._tell(error)
            self._waiting.clear()
        else:
            self._waiting.clear()

    def _try(self) -> None:
        try:
            write(self._connected(), self._waiting)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._disconnect()
            if aside := set_aside(self._path, self._identity):
                _LOG.warning("The statistics were damaged (%s) and are now in %s; new ones begin.", error, aside)
            write(self._connected(), self._waiting)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._identity = identity(self._path)
            self._connection = connect(self._path)
            self._identity = identity(self._path)
            prune(self._connection)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self, error: Exception) -> None:
        if not self._has_told:
            self._has_told = True
            _LOG.warning("Statistics cannot be kept in %s (%s); completions go on without them.", self._path, error)
