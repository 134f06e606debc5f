"""The last requests as a table for people: where, what came of it, and what it took."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeAlias
from urllib.parse import unquote

from rich.table import Table
from rich.text import Text

from finetab.core.console import open_console

Request: TypeAlias = Mapping[str, Any]

_OVERTAKEN = ("superseded", "cancelled")


def show_requests(requests: Iterable[Request], num_rows: int) -> None:
    """Print them, newest first; those that the next key overtook share a row. A sentence where there are none."""
    console, table = open_console(), Table("when", "where", "what became of it", "ms", "how", box=None)
    runs = groupby(enumerate(requests), key=lambda each: -1 if each[1].get("why") in _OVERTAKEN else each[0])
    for _, run in islice(runs, num_rows):
        _, request = next(run)
        total = request.get("total_ms")
        table.add_row(
            _time(request),
            Text(_place(request)),
            outcome(request, num_more=sum(1 for _ in run)),
            f"{total:.0f}" if isinstance(total, int | float) else "",
            _how(request),
        )
    if table.row_count:
        console.print(table)
    else:
        console.print("No editor has asked for a completion yet.")


def outcome(request: Request, num_more: int = 0) -> str:
    """What became of a request in a few words: its `why`, and where a filter took the text away, which one."""
    why = str(request.get("why", ""))
    if why in _OVERTAKEN:
        return f"{why}, like {num_more} more before it" if num_more else why
    return f"{why}: {request['finish_reason']}" if why == "filtered" else why


def _time(request: Request) -> str:
    try:
        return datetime.fromisoformat(str(request.get("time"))).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return ""


def _place(request: Request) -> str:
    name = unquote(str(request.get("uri", "")).rpartition("/")[2])
    line, character = request.get("line"), request.get("character")
    return f"{name}:{line + 1}:{character + 1}" if isinstance(line, int) and isinstance(character, int) else name


def _how(request: Request) -> str:
    """Waiting, tokens and certainty, of those that are known."""
    parts = []
    if request.get("delay_ms"):
        parts.append(f"waited {request['delay_ms']:.0f} ms")
    if "prompt_tokens" in request:
        parts.append(f"{request.get('reused_tokens', 0)} of {request['prompt_tokens']} tokens re-used")
        parts.append(f"{request.get('generated_tokens', 0)} new")
    if request.get("mean_logprob"):
        parts.append(f"certainty {request['mean_logprob']:.2f}")
    if request.get("left_out"):
        parts.append(f"without {'; '.join(request['left_out'])}")
    return ", ".join(parts)
