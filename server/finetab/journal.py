"""The last requests of every server on this machine, for `finetab why`: what was asked where, and what came of it.

A file of JSON lines, cut to half when it has grown too large. It holds places and reasons, never text.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from finetab.core.atomic import write_text

_MAX_BYTES = 4_000_000  # some ten thousand requests


def journal_path() -> Path:
    """Where the journal lies; `XDG_STATE_HOME` moves it."""
    return Path(platformdirs.user_state_path("finetab")) / "requests.jsonl"


def note(record: Mapping[str, Any]) -> None:
    """Add a request. Raises `OSError` where the file cannot be written."""
    path = journal_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **record})
    # One write of one line to the end: several servers may write at once.
    with open(os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600), "wb", buffering=0) as file:
        file.write(line.encode() + b"\n")
        is_large = file.tell() > _MAX_BYTES
    if is_large:
        lines = path.read_text("utf-8").splitlines(keepends=True)
        write_text(path, "".join(lines[len(lines) // 2 :]))
        path.chmod(0o600)


def last_requests(count: int | None = None) -> Sequence[dict[str, Any]]:
    """The last requests, or all that are kept, newest first; a line that is no record is passed over."""
    try:
        lines = journal_path().read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found: list[dict[str, Any]] = []
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict):
            found.append(record)
        if len(found) == count:
            break
    return found
