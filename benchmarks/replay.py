"""Real typing, answered by finetab and by others on the same model: how long each takes, and what for.

    python benchmarks/replay.py [--base default] [--stretches 12] [--keys 10] [--json]

A seeded script opens files of the standard library, takes lines out, and types them again: some words, a pause, a slip
that is taken back, a line taken whole, another function, another file and back. At each pause every engine is given the
same prompt's text and says as many tokens as the rest of the real line has, without an end of its own. Engines run in
processes of their own with the same priority and number of threads, one request after the other in changing order, so
that what else the machine does falls on all of them.

finetab          8 bits, suffix before prefix, guesses, the head   llama.cpp      prompt as its /infill has it (prefix,
                 cut to likely ids and checked                                    suffix), cache of the prompt before
  -no-guesses    the same, each token waited for                     -spm         the same in finetab's order
  -whole-head    the same, all ids asked at each step                transformers float32, `generate` from scratch
                                                                     openvino     finetab's order, seen blocks kept

cold    a place not seen before          accept  a line was taken whole
warm    the next key, or one taken back  back    another file was looked at meanwhile
first   of a cold request, until its first token: what reading a whole prompt takes

llama.cpp takes part where `pip install llama-cpp-python` has been run (a quarter of an hour), OpenVINO GenAI after
`pip install openvino-genai`. Both read the base's own GGUF file, in 4 bits; OpenVINO's reader knows that of
smollm2-135m, not that of the default base.
"""

import argparse
import importlib.util
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from replay_engines import Cost, Engine, Question, finetab, llama_cpp, openvino, transformers
from replay_session import KINDS, session
from rich.console import Console
from rich.progress import track
from rich.table import Table

from finetab.completion.context import Windows
from finetab.completion.hints import Hints
from finetab.completion.request import CompletionRequest
from finetab.core.base import read_base
from finetab.core.bases import cache_folder, real_name
from finetab.core.fetch import fetch_gguf
from finetab.core.manifest import Budgets
from finetab.core.progress import silent
from finetab_training.evaluate.metrics import percentile

_MODULES = ("argparse", "difflib", "http.client")
_MOST_NEW = 24  # tokens


def main() -> None:
    """Type, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default", help="default or smollm2-135m")
    parser.add_argument("--gguf", type=Path, default=None, help="the base's GGUF file, where it is here already")
    parser.add_argument("--stretches", type=int, default=12)
    parser.add_argument("--keys", type=int, default=10, help="pauses in a stretch")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="of each engine; 1 where others compute too"
    )
    parser.add_argument("--engines", default="", help="only these, with commas between")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)  # the engines' processes take it over
    console = Console(stderr=given.json, width=140)
    engines = _engines(given, console)
    found: dict[str, list[tuple[str, int, Cost]]] = defaultdict(list)
    for kind, num_new, costs in _asked(given, engines, console):
        for name, cost in costs.items():
            found[name].append((kind, num_new, cost))
    rows = {name: _row(found[name]) | {"memory_mb": engine.close()} for name, engine in engines.items()}
    if given.json:
        facts = {
            "base": real_name(given.base),
            "seed": given.seed,
            "threads": given.threads,
            "requests": len(next(iter(found.values()))),
        }
        print(json.dumps(facts | {"engines": rows, "ratios": _ratios(rows) if "finetab" in rows else {}}))
    else:
        _show(console, rows, given)


def _engines(given: argparse.Namespace, console: Console) -> dict[str, Engine]:
    base = real_name(given.base)
    making: dict[str, tuple[Any, ...]] = {
        "finetab": ("spm", finetab, base),
        "finetab-no-guesses": ("spm", finetab, base, False),
        "finetab-whole-head": ("spm", finetab, base, True, False),
        "transformers": ("spm", transformers, base),
    }
    gguf = given.gguf or cache_folder().parent / "benchmarks" / f"{base}.gguf"
    others = {
        "llama.cpp": ("llama_cpp", ("psm", llama_cpp, str(gguf), given.threads)),
        "llama.cpp-spm": ("llama_cpp", ("spm", llama_cpp, str(gguf), given.threads)),
        "openvino": ("openvino_genai", ("spm", openvino, str(gguf), given.threads)),
    }
    missing = {name for name, (module, _) in others.items() if importlib.util.find_spec(module) is None}
    making |= {name: made for name, (_, made) in others.items()}
    wanted = given.engines.split(",") if given.engines else list(making)
    if unknown := set(wanted) - set(making):
        raise SystemExit(f"There is no engine {unknown.pop()}; there are {', '.join(making)}.")
    if not gguf.exists() and others.keys() & set(wanted) - missing:
        gguf.parent.mkdir(parents=True, exist_ok=True)
        fetch_gguf(base, gguf, silent)
    engines = {}
    for name in wanted:
        if name in missing:
            console.print(f"{name} is left out: it is not installed")
            continue
        try:
            engines[name] = Engine(*making[name])
        except EOFError:
            console.print(f"{name} is left out: it cannot load {base}")
    return engines


def _asked(
    given: argparse.Namespace, engines: dict[str, Engine], console: Console
) -> Iterator[tuple[str, int, dict[str, Cost]]]:
    base = read_base(real_name(given.base))
    windows, hints = Windows(base.tokenizer, Budgets()), Hints(base.tokenizer)
    generator = Random(given.seed)
    pauses = list(session(_texts(), given.stretches, given.keys, generator))
    for pause in track(pauses, description="typing", console=console):
        parts = windows.parts(pause.document, pause.offset)
        started = time.perf_counter()
        told = hints.around(CompletionRequest(pause.document, pause.offset, neighbours=pause.others))
        telling_ms = (time.perf_counter() - started) * 1000
        num_new = min(_MOST_NEW, 1 + len(base.tokenizer.encode(pause.rest)))
        costs = {}
        for name in generator.sample(list(engines), len(engines)):
            ids = base.fim.prompt(parts, "psm" if engines[name].form == "psm" else "spm")
            is_told = name in ("finetab", "finetab-whole-head")
            cost = engines[name].ask(Question(ids, num_new, told if is_told else ()))
            more_ms = telling_ms if is_told else 0.0
            costs[name] = Cost(cost.first_ms + more_ms, cost.total_ms + more_ms, cost.num_evaluated)
        yield pause.kind, num_new, costs


def _texts() -> dict[str, str]:
    specs = {name: importlib.util.find_spec(name) for name in _MODULES}
    return {f"{name}.py": Path(str(spec.origin)).read_text("utf-8") for name, spec in specs.items() if spec is not None}


def _row(costs: Sequence[tuple[str, int, Cost]]) -> dict[str, Any]:
    """One engine's figures: milliseconds by kind, and what tokens took."""
    row: dict[str, Any] = {}
    for kind in KINDS:
        row[kind] = _times([cost.total_ms for its_kind, _, cost in costs if its_kind == kind])
    row["first"] = _times([cost.first_ms for its_kind, _, cost in costs if its_kind == "cold"])
    num_new = sum(number for _, number, _ in costs)
    evaluated = [cost.num_evaluated for _, _, cost in costs if cost.num_evaluated is not None]
    after_first = sum(cost.total_ms - cost.first_ms for _, _, cost in costs)
    return row | {
        "evaluated": sum(evaluated) / len(evaluated) if evaluated else None,
        "per_token_ms": sum(cost.total_ms for _, _, cost in costs) / num_new,
        "tokens_per_second": 1000 * (num_new - len(costs)) / after_first,
    }


def _times(values_ms: Sequence[float]) -> dict[str, float]:
    return {"n": len(values_ms), **{f"p{share}": percentile(values_ms, share / 100) for share in (50, 95)}}


def _ratios(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Ours over theirs."""

    def of(row: dict[str, Any]) -> dict[str, float]:
        return {
            "cold_p50": row["cold"]["p50"],
            "first_p50": row["first"]["p50"],
            "warm_p50": row["warm"]["p50"],
            "warm_p95": row["warm"]["p95"],
            "after_accept_p50": row["accept"]["p50"],
            "back_p50": row["back"]["p50"],
            "per_token": row["per_token_ms"],
        }

    ours = of(rows["finetab"])
    return {
        name: {key: ours[key] / value for key, value in of(row).items() if value}
        for name, row in rows.items()
        if name != "finetab"
    }


def _show(console: Console, rows: dict[str, dict[str, Any]], given: argparse.Namespace) -> None:
    kinds = (*KINDS, "first")
    heads = [f"{kind} p50 / p95 ms" for kind in kinds]
    table = Table("", *heads, "read a request", "ms a token", "tokens/s", "MB", box=None)
    for name, row in rows.items():
        times = [f"{row[kind]['p50']:.0f} / {row[kind]['p95']:.0f}" for kind in kinds]
        read = "" if row["evaluated"] is None else f"{row['evaluated']:.0f}"
        rates = read, f"{row['per_token_ms']:.1f}", f"{row['tokens_per_second']:.1f}"
        table.add_row(name, *times, *rates, f"{row['memory_mb']:.0f}")
    console.print(table)
    if "finetab" in rows and len(rows) > 1:
        ratios = Table("finetab over", *(next(iter(_ratios(rows).values()))), box=None)
        for name, of in _ratios(rows).items():
            ratios.add_row(name, *(f"{value:.2f}" for value in of.values()))
        console.print(ratios)
    counts = ", ".join(f"{rows[next(iter(rows))][kind]['n']} {kind}" for kind in KINDS)
    console.print(f"{real_name(given.base)}, {given.threads} threads, seed {given.seed}: {counts}", highlight=False)


if __name__ == "__main__":
    main()
