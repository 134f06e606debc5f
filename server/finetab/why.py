"""The last requests as a table for people: where, what came of it, and what it took."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_requests(requests: Iterable[Mapping[str, Any]]) -> None:
    """Print them, newest first; a sentence where there are none."""
    console, table = Console(), Table("when", "where", "what became of it", "ms", "how", box=None)
    for request in requests:
        total = request.get("total_ms")
        table.add_row(
            _time(request),
            Text(_place(request)),
            str(request.get("why", "")) + (f": {request['finish_reason']}" if request.get("why") == "filtered" else ""),
            f"{total:.0f}" if isinstance(total, int | float) else "",
            _how(request),
        )
    if table.row_count:
        console.print(table)
    else:
        console.print("No editor has asked for a completion yet.")


def _time(request: Mapping[str, Any]) -> str:
    try:
        return datetime.fromisoformat(str(request.get("time"))).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return ""


def _place(request: Mapping[str, Any]) -> str:
    name = unquote(str(request.get("uri", "")).rpartition("/")[2])
    line, character = request.get("line"), request.get("character")
    return f"{name}:{line + 1}:{character + 1}" if isinstance(line, int) and isinstance(character, int) else name


def _how(request: Mapping[str, Any]) -> str:
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
