"""What became of files that were examined before, on disk, so that the next corpus parses only what has changed.

A row is keyed by all that decides: the file's path and bytes, where it is from, the policy, and the versions of what
examines it. Text stands in a row only where secrets were cut out of it.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import astuple
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from datasketch import LeanMinHash

from finetab.core.languages import language_of
from finetab_training.data.filters import Examined, Policy
from finetab_training.data.source_file import SourceFile
from finetab_training.data.sources import RawFile

Signed: TypeAlias = tuple[Examined, LeanMinHash | None]
Work: TypeAlias = Callable[[RawFile], Signed]
_TABLE = "CREATE TABLE IF NOT EXISTS files (key BLOB PRIMARY KEY, day INTEGER, told TEXT, signature BLOB)"
_KEPT_DAYS = 90  # after its last use
_RULES = 2  # counted up where files are examined by other rules: what old ones let pass may hold a secret
_EXAMINERS = ("finetab", "detect-secrets", "datasketch", "tree-sitter")


def remembering(work: Work, path: Path, policy: Policy) -> Work:
    """`work` under a policy, which asks the file at `path` first. A file that cannot be read as ours is begun anew."""
    database = _opened(path)
    today = int(time.time() // 86_400)
    examiner = json.dumps([_RULES, astuple(policy), [version(name) for name in _EXAMINERS]])
    database.execute("DELETE FROM files WHERE day < ?", (today - _KEPT_DAYS,))

    def remembered(raw: RawFile) -> Signed:
        key = _key(raw, examiner)
        row = database.execute("SELECT told, signature FROM files WHERE key = ?", (key,)).fetchone()
        if row is not None:
            database.execute("UPDATE files SET day = ? WHERE key = ? AND day < ?", (today, key, today))
            return _read(raw, *row)
        found = work(raw)
        database.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (key, today, *_written(raw, *found)))
        return found

    return remembered


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _prepared(path)
    except sqlite3.DatabaseError:
        path.unlink()
        return _prepared(path)


def _prepared(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")  # what is lost is worked out again
    database.execute(_TABLE)
    return database


def _key(raw: RawFile, examiner: str) -> bytes:
    known = [raw.source, raw.path, raw.licence, raw.is_own, raw.is_generated, raw.is_unreadable]
    told = json.dumps([*known, examiner])
    return sha256(told.encode() + b"\0" + raw.data).digest()


def _written(raw: RawFile, examined: Examined, signature: LeanMinHash | None) -> tuple[str, bytes | None]:
    file = examined.file
    told: dict[str, Any] = {"reason": examined.reason, "credentials": examined.credentials}
    if file is not None:
        told |= {"licence": file.licence, "text": file.text if examined.credentials else None}
    if signature is None:
        return json.dumps(told), None
    data = bytearray(signature.bytesize())
    signature.serialize(data)
    return json.dumps(told), bytes(data)


def _read(raw: RawFile, told: str, signature: bytes | None) -> Signed:
    known = json.loads(told)
    file, language = None, language_of(raw.path)
    if "licence" in known and language is not None:
        text = raw.data.decode("utf-8") if known["text"] is None else known["text"]
        file = SourceFile(raw.path, language, text, raw.source, known["licence"])
    examined = Examined(raw.source, raw.path, file, known["reason"], tuple(known["credentials"]))
    return examined, None if signature is None else LeanMinHash.deserialize(signature)
