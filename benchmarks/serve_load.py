"""One `finetab engine` under several typists, and under clients that leave in the middle of an answer.

    python benchmarks/serve_load.py [--typists 1 2 4 8] [--seconds 30] [--rounds 2] [--json]
    python benchmarks/serve_load.py --requests 10000 --aborts 0.3 [--json]

The engine is a process of its own. Each typist types on in a real file, a few tokens at a time, and asks after each
pause; the first answer at a place is cold, the others are warm. The clock starts when all have had their first answer.
What counts is the p95 of warm answers in relation to a single typist's in the same run; rounds take the numbers of
typists in turns.

With `--requests`, eight clients ask as fast as they are answered, and leave a share of the answers at a random moment.
Every request must come back, and the engine's memory must stay where it was when the caches were full.
"""

import argparse
import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil
import rich.console
from rich.console import Console
from rich.table import Table

from finetab.core.base import Base, read_base
from finetab.core.fim import Parts
from finetab.engine.base import Generation, GenerationRequest
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.errors import EngineAway, FinetabError
from finetab_training.evaluate.metrics import percentile

_PREFIX, _SUFFIX = 400, 100  # tokens
_KEYS_A_PLACE = 40
_TOKENS_A_KEY = (1, 1, 1, 2, 3)
_PAUSE_SECONDS = 0.6  # on average, between an answer and the next question
_NUM_CLIENTS = 8  # of those that leave
_LONGEST_STAY_SECONDS = 0.6
_MEMORY_AT = (10, 25, 50, 75, 100)  # % of the requests


@dataclass(frozen=True, slots=True)
class Load:
    """What the typists share: the engine's address, and a file to type in."""

    url: str
    base: Base
    ids: list[int]
    new_tokens: int

    def prompts(self, generator: Random) -> Iterator[tuple[bool, list[int]]]:
        """Prompts as one types, and whether each is the first at its place."""
        while True:
            at = generator.randrange(_PREFIX, len(self.ids) - _SUFFIX - 3 * _KEYS_A_PLACE)
            start, suffix = at - _PREFIX, tuple(self.ids[-_SUFFIX:])
            for key in range(_KEYS_A_PLACE):
                yield key == 0, self.base.fim.prompt(Parts((), tuple(self.ids[start:at]), suffix), "spm")
                at += generator.choice(_TOKENS_A_KEY)

    def engine(self) -> HttpEngine:
        """A client of its own."""
        return HttpEngine(Connection(Address(self.url)), self.base)


@dataclass(slots=True)
class Seen:
    """What one number of typists has waited for, in milliseconds."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0


def main() -> None:
    """Start an engine, put the load on it, and print."""
    given = _arguments()
    base = read_base(given.base)
    ids = base.tokenizer.encode(Path(rich.console.__file__).read_text("utf-8"))
    with running_engine(given.base) as (url, process):
        load = Load(url, base, ids, given.new_tokens)
        if given.requests:
            found = under_aborts(load, process, given.requests, given.aborts, given.seed)
        else:
            found = under_typists(load, given.typists, given.rounds, given.seconds, given.seed)
    if given.json:
        print(json.dumps(found))
    else:
        Console().print(_table(found))


@contextmanager
def running_engine(base: str) -> Iterator[tuple[str, psutil.Process]]:
    """An engine on a free port, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--base", base, "--port", str(port), "--rate", "1000000"]
    process = subprocess.Popen([sys.executable, "-m", "finetab", "engine", *options], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        with closing(HttpEngine(Connection(Address(url)), read_base(base))) as engine:
            while process.poll() is None:
                try:
                    engine.check()
                    break
                except EngineAway:
                    time.sleep(0.2)
        yield url, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def under_typists(
    load: Load, numbers: list[int], rounds: int, seconds: float, seed: int
) -> dict[str, dict[str, dict[str, float]]]:
    """For each number of typists, what their answers took."""
    seen: dict[int, Seen] = defaultdict(Seen)
    for turn in range(rounds):
        for number in numbers:
            _type(load, number, seconds, Random(f"{seed}/{turn}"), seen[number])
    alone = seen[numbers[0]]
    rows = {
        str(number): {
            "cold p50 ms": percentile(one.cold, 0.5),
            "warm p50 ms": percentile(one.warm, 0.5),
            "warm p95 ms": percentile(one.warm, 0.95),
            "warm p50 ratio": percentile(one.warm, 0.5) / percentile(alone.warm, 0.5),
            "warm p95 ratio": percentile(one.warm, 0.95) / percentile(alone.warm, 0.95),
            "tokens/s": one.tokens / one.seconds,
            "warm n": float(len(one.warm)),
        }
        for number, one in seen.items()
    }
    return {"typists": rows}


def _type(load: Load, number: int, seconds: float, generator: Random, seen: Seen) -> None:
    lock, all_warm = threading.Lock(), threading.Barrier(number)

    def answer(engine: HttpEngine, prompt: tuple[bool, list[int]]) -> None:
        is_cold, ids = prompt
        started = time.perf_counter()
        found = engine.generate(GenerationRequest(ids, load.new_tokens))
        took = (time.perf_counter() - started) * 1000
        with lock:
            (seen.cold if is_cold else seen.warm).append(took)
            seen.tokens += 0 if is_cold else len(found.ids)

    def type_on(own: Random) -> None:
        with closing(load.engine()) as engine:
            prompts = load.prompts(own)
            answer(engine, next(prompts))
            all_warm.wait()
            end = time.monotonic() + seconds
            for prompt in prompts:
                time.sleep(own.expovariate(1 / _PAUSE_SECONDS))
                if time.monotonic() > end:
                    return
                answer(engine, prompt)

    with ThreadPoolExecutor(number) as pool:
        list(pool.map(type_on, [Random(generator.random()) for _ in range(number)]))
    seen.seconds += seconds


def under_aborts(
    load: Load, process: psutil.Process, requests: int, share: float, seed: int
) -> dict[str, dict[str, dict[str, float]]]:
    """How many requests came back, how many were left, and the engine's memory."""
    ended: Counter[str] = Counter()
    memory: list[float] = []
    lock = threading.Lock()

    def ask_on(own: Random) -> None:
        with closing(load.engine()) as engine:
            for _, prompt in load.prompts(own):
                with lock:
                    if ended["asked"] == requests:
                        return
                    ended["asked"] += 1
                    if ended["asked"] % max(1, requests // 20) == 0:
                        memory.append(process.memory_info().rss / 1e6)
                how = _left_or_answered(engine, prompt, load.new_tokens, own, share)
                with lock:
                    ended[how] += 1

    with ThreadPoolExecutor(_NUM_CLIENTS) as pool:
        list(pool.map(ask_on, [Random(f"{seed}/{client}") for client in range(_NUM_CLIENTS)]))
    answered, left = ended["answered"], ended["left"]
    row = {
        "requests": ended["asked"],
        "answered": answered,
        "left": left,
        "failed": ended["failed"],
        "unanswered": ended["asked"] - answered - left - ended["failed"],
        **{f"MB at {at}%": memory[len(memory) * at // 100 - 1] for at in _MEMORY_AT},
    }
    return {"aborts": {str(share): {name: float(value) for name, value in row.items()}}}


def _left_or_answered(engine: HttpEngine, prompt: list[int], new_tokens: int, own: Random, share: float) -> str:
    until = time.monotonic() + own.uniform(0, _LONGEST_STAY_SECONDS) if own.random() < share else float("inf")
    try:
        found: Generation = engine.generate(
            GenerationRequest(prompt, new_tokens, is_cancelled=lambda: time.monotonic() > until)
        )
    except FinetabError:
        return "failed"
    return "left" if found.finish_reason == "cancelled" else "answered"


def _table(found: dict[str, dict[str, dict[str, float]]]) -> Table:
    ((title, rows),) = found.items()
    table = Table(title, *next(iter(rows.values())), box=None)
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.2f}" if "ratio" in key else f"{value:.0f}" for key, value in row.items()))
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--typists", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--seconds", type=float, default=30.0, help="for each number of typists, in each round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--new-tokens", type=int, default=12)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--aborts", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
