"""What somebody sees who types steadily: at how many keys a suggestion is there in time, and is it what is typed next?

    python benchmarks/steady.py [--keys-per-second 6] [--stretches 6] [--base NAME] [--json]
    python benchmarks/steady.py --scripted     # a model that is always right: 0.2 s to begin, then 10 ms a letter

Stretches of a real file are typed evenly, and nothing of what is offered is taken. Each key sends the change, withdraws
the request before and, 50 ms later, asks again, as VS Code does. Two real servers type each stretch in turns: one as it
is, where a request takes over what is being worked out, and one where every request begins anew. A key counts when a
suggestion has come in time, to its own request or to one after it; as right, when what is typed next begins with it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias
from unittest.mock import patch

import rich.text
import tokenizers
from rich.console import Console
from rich.table import Table
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from finetab import cli
from finetab.completion.completer import Completer, Voice
from finetab.completion.flight import Flights
from finetab.core.fim import FimFormat
from finetab.core.manifest import Budgets
from finetab.core.progress import Progress
from finetab.core.tokenizer import Tokenizer
from finetab.engine.scripted import ScriptedEngine
from finetab.lsp.client import ServerProcess
from finetab.lsp.server import serve_stdio
from finetab.settings import Settings

_ARMS = ("taken over", "begun anew")
_LINES = 4  # of a stretch
_LIMITS_MS = (300, 500, 1000)
_EDITOR_WAITS_SECONDS = 0.05
_KNOWN_BY = 60  # letters before the cursor, by which the scripted model knows its place
_READING_SECONDS, _LETTER_SECONDS = 0.2, 0.01  # of the scripted model

Shares: TypeAlias = dict[str, float]


@dataclass(frozen=True, slots=True)
class Key:
    """A key pressed, what was then left to type, and what came for it: when, and which text."""

    pressed: float
    left: str
    came: float
    offered: str


def main() -> None:
    """Type and print; with --serve, be one of the servers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--keys-per-second", type=float, default=6.0)
    parser.add_argument("--stretches", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scripted", action="store_true", help="a model that is always right, whatever the machine")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve", choices=_ARMS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        _serve(given)
    with tempfile.TemporaryDirectory() as state:
        os.environ |= {"XDG_STATE_HOME": state, "XDG_DATA_HOME": state}
        shares = {arm: _shares(stretches) for arm, stretches in _typed_by_arm(given).items()}
    if given.json:
        print(json.dumps({"shares": shares, **vars(given)}))
    else:
        _show(shares)


def _serve(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        if given.serve == "begun anew":
            stack.enter_context(patch.object(Flights, "take_over", _begin_anew))
        if given.scripted:
            sys.exit(serve_stdio(_scripted))
        sys.argv[1:] = ["serve"]
        cli.main()


def _begin_anew(flights: Flights, *_place: object) -> Future[None] | None:
    for flight in flights._running:
        flight.stop()
    return None


def _scripted(_settings: Settings, _progress: Progress) -> Completer:
    """A model that finds the line it is asked about in the file, and goes on with it."""
    letters = sorted(ByteLevel.alphabet())
    backend = tokenizers.Tokenizer(BPE({letter: index for index, letter in enumerate(letters)}, []))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    tokenizer, text = Tokenizer(backend), _text()

    def script(prompt: Sequence[int]) -> list[int]:
        time.sleep(_READING_SECONDS)
        before = tokenizer.decode(prompt)[-_KNOWN_BY:]
        return tokenizer.encode(text[text.find(before) + len(before) :][:200])

    fim = FimFormat("scripted", 300, 301, 302, 303, None, native=())
    voice = Voice("scripted", "base", tokenizer, fim, "prefix", Budgets(200, 100), 200)
    return Completer(ScriptedEngine(script, _LETTER_SECONDS), voice)


def _text() -> str:
    return Path(rich.text.__file__).read_text("utf-8")


def _typed_by_arm(given: argparse.Namespace) -> dict[str, list[list[Key]]]:
    text, generator = _text(), Random(given.seed)
    ends = [index for index, letter in enumerate(text) if letter == "\n"]
    found: dict[str, list[list[Key]]] = {arm: [] for arm in _ARMS}
    with ExitStack() as stack:
        model = ["--scripted"] if given.scripted else []
        processes = {arm: ServerProcess([sys.executable, __file__, "--serve", arm, *model]) for arm in _ARMS}
        servers = {arm: _ready(stack.enter_context(process), given.base) for arm, process in processes.items()}
        for number in range(given.stretches):
            first = generator.randrange(len(ends) // 4, len(ends) - _LINES)
            start, end = ends[first], ends[first + _LINES]
            for arm in _ARMS[:: 1 if number % 2 else -1]:
                uri = f"file:///typed_{number}.py"
                found[arm].append(_typed(servers[arm], uri, text, start, end, 1 / given.keys_per_second))
    return found


def _ready(server: ServerProcess, base: str) -> ServerProcess:
    server.start(options={"base": base})
    server.open("untitled:first", "x = ")
    while server.complete("untitled:first", 0, 4) is None and "load" in server.why()[0]["why"]:
        time.sleep(0.2)
    return server


def _typed(server: ServerProcess, uri: str, text: str, start: int, end: int, seconds: float) -> list[Key]:
    """Type what stands between two offsets, a line break with the indentation after it as one key."""
    server.open(uri, text[:start] + text[end:])
    pressed: list[tuple[float, int, int]] = []
    at, next_key = start, time.perf_counter()
    while at < end:
        time.sleep(max(0.0, next_key - time.perf_counter()))
        now, next_key = time.perf_counter(), next_key + seconds
        rest = text[at:end]
        key = rest[: 1 + len(rest[1:]) - len(rest[1:].lstrip(" \n"))] if rest[0] == "\n" else rest[0]
        place = _position(text, at)
        document = {"uri": uri, "version": len(pressed) + 2}
        change = {"range": {"start": place, "end": place}, "text": key}
        server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        if pressed:
            server.notify("$/cancelRequest", {"id": pressed[-1][1]})
        at += len(key)
        time.sleep(_EDITOR_WAITS_SECONDS)
        place = _position(text, at)
        request = server.complete_request(uri, place["line"], place["character"], by_hand=False)
        pressed.append((now, request, at))
    server.answer(pressed[-1][1])
    return [Key(now, text[at:end], *_came(server, request)) for now, request, at in pressed]


def _position(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    return {"line": before.count("\n"), "character": offset - before.rfind("\n") - 1}


def _came(server: ServerProcess, request: int) -> tuple[float, str]:
    answer = server.answer(request)
    result = answer.get("result")
    return server.answered_at(request) or 0.0, str(result["items"][0]["insertText"]) if result else ""


def _shares(stretches: list[list[Key]]) -> Shares:
    """Of all keys: at how many something was offered within a limit, and something right."""
    num_keys = sum(map(len, stretches))
    found: Shares = {"keys": num_keys}
    for limit in _LIMITS_MS:
        in_time = [_offered_by(keys[index:], limit) for keys in stretches for index in range(len(keys))]
        right = [[key for key in keys if key.left.startswith(key.offered)] for keys in in_time]
        found[f"offered_{limit}_ms"] = sum(map(bool, in_time)) / num_keys
        found[f"right_{limit}_ms"] = sum(map(bool, right)) / num_keys
    return found


def _offered_by(keys: list[Key], limit_ms: int) -> list[Key]:
    """The first key and those after it whose suggestions came within a time after the first was pressed."""
    deadline = keys[0].pressed + limit_ms / 1000
    return [key for key in keys if key.offered and key.came <= deadline]


def _show(shares: dict[str, Shares]) -> None:
    console, table = Console(), Table("of all keys", *shares, "ratio", box=None)
    for name in next(iter(shares.values())):
        values = [arm[name] for arm in shares.values()]
        ratio = f"{values[0] / values[1]:.2f}" if values[1] else ""
        table.add_row(name.replace("_", " "), *(f"{v:.3f}" if name != "keys" else f"{v:.0f}" for v in values), ratio)
    console.print(table)


if __name__ == "__main__":
    main()
