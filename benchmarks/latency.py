"""What somebody waits for while typing: a real file is typed again through a real server process.

    python benchmarks/latency.py --lines 40
    python benchmarks/latency.py --lines 400 --pace 0.1 --json

A seeded script takes stretches of lines out of a real file and types them as a person does: letter by letter with
pauses, a slip now and then that is taken back, and Tab where an answer is what was to be typed. Each key sends the
change, withdraws the request before, and asks again, as VS Code does. Latency is from request to answer at the client.

cold       the model read the whole prompt         remembered  no model was needed
warm       it read what was new in it              refused     nothing is suggested at such a place
superseded  a newer key came first
taken over  the model was at it already, for the key before

The server's overhead is what the client waited beyond the time that the server took for the request itself.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from finetab.journal import last_requests
from finetab.lsp.client import ServerProcess
from finetab_training.evaluate.metrics import percentile

_STRETCH = 10  # lines typed at a place before going on to another one
_SLIPS = 0.03  # a key
_MIN_TAB = 4  # characters of an answer worth a Tab


@dataclass(slots=True)
class Asked:
    """A request that has been sent."""

    number: int
    sent: float


class Typist:
    """Types into one document of a server, and keeps what was asked by version and place."""

    def __init__(self, server: ServerProcess, uri: str, text: str, generator: Random, pace: float) -> None:
        self._server, self._uri, self._text, self._generator, self._pace = server, uri, text, generator, pace
        self._version = 1
        self.asked: dict[tuple[int, int, int], Asked] = {}
        self._newest: Asked | None = None
        self.num_taken = 0
        server.open(uri, text)

    def type_stretch(self, start: int, end: int) -> None:
        """Take the text between two offsets out and type it again."""
        wanted = self._text[start:end]
        self._replace(start, end, "")
        at, done = start, start + len(wanted)
        while at < done:
            left = wanted[at - start :]
            answer = self._answer_so_far(at)
            if len(answer) >= _MIN_TAB and left.startswith(answer):
                self.num_taken += 1
                self._replace(at, at, answer)
                at += len(answer)
            elif self._generator.random() < _SLIPS:
                self._replace(at, at, "q")
                self._ask(at + 1)
                self._pause()
                self._replace(at, at + 1, "")
            else:
                self._replace(at, at, left[0])
                at += 1
            self._ask(at)
            self._pause()
            if self._text[at - 1] == "\n":
                self._think()

    def _answer_so_far(self, at: int) -> str:
        """What stands on the screen: the answer to the last request, if it has come."""
        found = self._server.answered(self._newest.number) if self._newest else None
        result = found.get("result") if found else None
        return str(result["items"][0]["insertText"]) if result else ""

    def _replace(self, start: int, end: int, text: str) -> None:
        where = {"start": self._position(start), "end": self._position(end)}
        self._text = self._text[:start] + text + self._text[end:]
        self._version += 1
        document = {"uri": self._uri, "version": self._version}
        change = {"textDocument": document, "contentChanges": [{"range": where, "text": text}]}
        self._server.notify("textDocument/didChange", change)

    def _position(self, offset: int) -> dict[str, int]:
        before = self._text[:offset]
        return {"line": before.count("\n"), "character": offset - before.rfind("\n") - 1}

    def _ask(self, offset: int) -> None:
        if self._newest is not None and self._server.answered(self._newest.number) is None:
            self._server.notify("$/cancelRequest", {"id": self._newest.number})
        place = self._position(offset)
        sent = time.perf_counter()
        number = self._server.complete_request(self._uri, place["line"], place["character"], by_hand=False)
        self._newest = self.asked[self._version, place["line"], place["character"]] = Asked(number, sent)

    def _think(self) -> None:
        """Before a new line: half a second to three (log-normal around 1.2 s)."""
        time.sleep(self._pace * min(3.0, max(0.5, self._generator.lognormvariate(0.18, 0.5))))

    def _pause(self) -> None:
        """Between keys: most are quick, some are thought about (log-normal around 130 ms)."""
        time.sleep(self._pace * min(2.0, self._generator.lognormvariate(-2.04, 0.6)))


def main() -> None:
    """Type, then print what was waited for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, default=None, help="a Python file (rich's text.py)")
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", default="base")
    parser.add_argument("--lines", type=int, default=40, help="how many lines are typed")
    parser.add_argument("--pace", type=float, default=1.0, help="below 1 types faster than a person")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        os.environ |= {"XDG_STATE_HOME": state, "XDG_DATA_HOME": state}
        found = _measure(given)
    if given.json:
        print(json.dumps(found))
    else:
        _show(found)


def _measure(given: argparse.Namespace) -> dict[str, Any]:
    text = (given.file or _rich_text()).read_text("utf-8")
    generator = Random(given.seed)
    with ServerProcess([sys.executable, "-m", "finetab", "serve"]) as server:
        server.start(options={"base": given.base, "adapter": given.adapter})
        _wait_until_loaded(server)
        process = psutil.Process(server.process.pid)
        typist = Typist(server, "file:///typed.py", text, generator, given.pace)
        began, loop_began = time.perf_counter(), _main_thread_seconds(process)
        lines = [index for index, letter in enumerate(text) if letter == "\n"]
        for _ in range(max(1, given.lines // _STRETCH)):
            first = generator.randrange(len(lines) // 4, len(lines) - _STRETCH)
            typist.type_stretch(lines[first], lines[first + _STRETCH])
        unanswered = _wait_for_all(server, typist)
        elapsed = time.perf_counter() - began
        loop_share = (_main_thread_seconds(process) - loop_began) / elapsed
        memory = process.memory_info().rss / 1e6
        waits = {
            place: (server.answered_at(asked.number) or asked.sent) - asked.sent
            for place, asked in typist.asked.items()
        }
        server.stop()
    return _report(waits, unanswered, typist, loop_share, memory, given)


def _wait_until_loaded(server: ServerProcess) -> None:
    server.open("untitled:first", "x = ")
    server.complete("untitled:first", 0, 4)
    while "load" in server.why()[0]["why"]:
        time.sleep(0.2)
        server.complete("untitled:first", 0, 4)


def _rich_text() -> Path:
    found = find_spec("rich.text")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin)


def _main_thread_seconds(process: psutil.Process) -> float:
    (main,) = (thread for thread in process.threads() if thread.id == process.pid)
    return float(main.user_time + main.system_time)


def _wait_for_all(server: ServerProcess, typist: Typist) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        left = [asked for asked in typist.asked.values() if server.answered(asked.number) is None]
        if not left:
            return 0
        time.sleep(0.1)
    return len(left)


def _report(
    waits: dict[tuple[int, int, int], float], unanswered: int, typist: Typist, loop_share: float, memory: float,
    given: argparse.Namespace,
) -> dict[str, Any]:  # fmt: skip
    groups: dict[str, list[float]] = defaultdict(list)
    overheads, prompt_tokens, reused_tokens = [], 0, 0
    for record in last_requests(len(waits) + 50):
        wait = waits.get((record.get("version") or 0, record["line"], record["character"]))
        if wait is None or not str(record["uri"]).endswith("typed.py"):
            continue
        group = _group(record)
        groups[group].append(1000 * wait)
        if group not in ("superseded", "refused"):
            overheads.append(1000 * wait - record["total_ms"])
            prompt_tokens += record.get("prompt_tokens", 0)
            reused_tokens += record.get("reused_tokens", 0)
    asked = sum(len(groups[name]) for name in ("cold", "warm", "remembered", "taken over"))
    return {
        "requests": len(waits),
        "unanswered": unanswered,
        "waited_ms": {
            name: _percentiles(values) | {"n": len(values)} for name, values in sorted(groups.items()) if values
        },
        "overhead_ms": _percentiles(overheads),
        "remembered_share": len(groups["remembered"]) / max(1, asked),
        "reused_token_share": reused_tokens / max(1, prompt_tokens),
        "taken": typist.num_taken,
        "event_loop_cpu_share": loop_share,
        "memory_mb": memory,
        "base": given.base,
        "adapter": given.adapter,
        "pace": given.pace,
        "seed": given.seed,
    }


def _group(record: dict[str, Any]) -> str:
    if record["why"] == "taken over":
        return "taken over"
    if record["why"] in ("typed through", "remembered") or record.get("generated_tokens") == 0:
        return "remembered"
    if record["why"] in ("superseded", "cancelled"):
        return "superseded"
    if "prompt_tokens" not in record:
        return "refused"
    return "warm" if record["reused_tokens"] else "cold"


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{share}": percentile(values, share / 100) for share in (50, 95, 99)} if values else {}


def _show(found: dict[str, Any]) -> None:
    table = Table("request", "N", "p50 ms", "p95 ms", "p99 ms", box=None)
    for name, figures in found["waited_ms"].items():
        table.add_row(name, str(figures["n"]), *(f"{figures[key]:.1f}" for key in ("p50", "p95", "p99")))
    console = Console()
    console.print(table)
    console.print(
        f"{found['requests']} requests, {found['unanswered']} unanswered, {found['taken']} answers taken\n"
        f"overhead p95 {found['overhead_ms'].get('p95', 0):.1f} ms, from memory {found['remembered_share']:.0%}, "
        f"prompt tokens re-used {found['reused_token_share']:.0%}\n"
        f"event loop busy {found['event_loop_cpu_share']:.1%}, {found['memory_mb']:.0f} MB",
        highlight=False,
    )


if __name__ == "__main__":
    main()
