"""A keystroke's latency on the default model: cold, warm and typed through, with re-use and without, in one run.

A real file is typed token by token at several places; every engine sees the same prompts and gives the same
number of new tokens. Prints a table, and with --json one object.

    python benchmarks/keystrokes.py [--places 6] [--keys 8] [--json]
"""

import argparse
import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import rich.console

from finetab.assemble import load_completer
from finetab.completion.completer import Completer
from finetab.completion.request import CompletionRequest
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.engine.torch_engine import TorchEngine
from finetab.seats import Seat
from finetab.settings import Settings


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    source = Path(rich.console.__file__).read_text("utf-8")
    reusing = load_completer(Settings(base=arguments.base, max_new_tokens=arguments.new_tokens, form="spm"), silent)
    assert isinstance(reusing.engine, Seat)
    assert isinstance(reusing.engine.engine, TorchEngine)
    fresh = Completer(replace(reusing.engine, engine=reusing.engine.engine.without_reuse()), replace(reusing.voice))
    times: dict[str, list[float]] = {"cold": [], "warm": [], "typed through": [], "every key from scratch": []}
    reused: list[float] = []
    generator = Random(arguments.seed)
    for _ in range(arguments.places):
        place = generator.randrange(len(source) // 4, len(source) - 2000)
        for key, (text, offset) in enumerate(_typing(source, place, arguments.keys)):
            request = CompletionRequest(open_document("console.py", text), offset)
            answer = reusing.complete(request)
            kind = "typed through" if answer.why == "typed through" else "warm" if key else "cold"
            times[kind].append(answer.latency_ms)
            if kind == "warm":
                reused.append(answer.reused_tokens / answer.prompt_tokens)
                times["every key from scratch"].append(fresh.complete(request).latency_ms)
    _print(times, reused, arguments)


def _typing(source: str, place: int, keys: int) -> list[tuple[str, int]]:
    """The file with the cursor moving over what stands after the place, three characters a time."""
    steps = range(0, 3 * keys, 3)
    return [(source[: place + step] + source[place + 3 * keys :], place + step) for step in steps]


def _print(times: dict[str, list[float]], reused: list[float], arguments: argparse.Namespace) -> None:
    rows: dict[str, dict[str, Any]] = {
        kind: {"n": len(values), "p50_ms": statistics.median(values), "p95_ms": _p95(values)}
        for kind, values in times.items()
        if values
    }
    warm, scratch = rows.get("warm"), rows.get("every key from scratch")
    ratio = warm["p50_ms"] / scratch["p50_ms"] if warm and scratch else None
    share = statistics.mean(reused) if reused else 0.0
    if arguments.json:
        print(json.dumps({"rows": rows, "warm_over_scratch_p50": ratio, "reused_share": share}))
        return
    print(f"{'':<24}{'n':>5}{'p50 ms':>10}{'p95 ms':>10}")
    for kind, row in rows.items():
        print(f"{kind:<24}{row['n']:>5}{row['p50_ms']:>10.1f}{row['p95_ms']:>10.1f}")
    if ratio is not None:
        print(f"warm over from scratch, p50: {ratio:.2f}; prompt tokens re-used when warm: {share:.1%}")


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--base", default="default", help="base model")
    parser.add_argument("--places", type=int, default=6, help="places in the file")
    parser.add_argument("--keys", type=int, default=8, help="keystrokes at each place, three characters each")
    parser.add_argument("--new-tokens", type=int, default=16, help="most new tokens of an answer")
    parser.add_argument("--seed", type=int, default=0, help="draws the places")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser.parse_args(sys.argv[1:])


if __name__ == "__main__":
    main()
