"""How fast a model reads and writes: its weights in 8 bits against the same ones through transformers in float32.

    python benchmarks/decode.py [--base default] [--rounds 5] [--threads 2] [--json]

Both networks are in one process and take turns; each figure is the median of the rounds, and a ratio is the median of
the rounds' own ratios, so that what else the machine does meanwhile falls on both. A step of several tokens is what
checking guessed tokens costs. `read` is how many GB of weights a second the 8-bit step goes through; `of memory` is
that as a share of what this machine can read (measured here, on a sum over an array larger than its caches).
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rich.console
import torch
from rich.console import Console
from rich.table import Table

from finetab.core.models import load_base
from finetab.engine.int8.network import Int8Network
from finetab.engine.network import NO_ADAPTER, Network
from finetab.engine.transformers_network import TransformersNetwork

_PREFILL = 512
_CHUNK = 576  # as many as the engine reads at once
_STEPS = (1, 2, 4, 8)
_LENGTHS = (64, 512, 1_024)
_MEASURED_BYTES = 1 << 28


def main() -> None:
    """Load both, measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    base = load_base(given.base, device="cpu", dtype="float32")
    networks: dict[str, Network] = {
        "int8": Int8Network(base.folder, base.spelled),
        "float32": TransformersNetwork(base.model),
    }
    ids = base.tokenizer.encode(Path(rich.console.__file__).read_text("utf-8"))[: max(_LENGTHS) + max(_STEPS)]
    weights = _num_weights(base.model)
    bandwidth = _bandwidth(given.rounds)
    with torch.inference_mode():
        rows = [_row("prefill", 0, _PREFILL, networks, ids, given.rounds)]
        for length in _LENGTHS:
            rows += [_row("step", length, size, networks, ids, given.rounds) for size in _STEPS]
    for row in rows[1:]:
        row["read_gb_s"] = weights / row["int8_ms"] / 1e6
        row["of_memory"] = row["read_gb_s"] / bandwidth
    if given.json:
        facts = {"base": base.name, "threads": given.threads, "rounds": given.rounds, "memory_gb_s": bandwidth}
        print(json.dumps(facts | {"rows": rows}))
        return
    table = Table("", "after", "tokens", "int8 ms", "float32 ms", "ratio", "read GB/s", "of memory", box=None)
    for row in rows:
        read = (f"{row['read_gb_s']:.1f}", f"{row['of_memory']:.0%}") if "read_gb_s" in row else ("", "")
        table.add_row(
            row["what"], str(row["after"]), str(row["tokens"]), f"{row['int8_ms']:.1f}", f"{row['float32_ms']:.1f}",
            f"{row['ratio']:.2f}", *read,
        )  # fmt: skip
    console = Console()
    console.print(table)
    words = f"{base.name}, {given.threads} threads, {given.rounds} rounds, memory {bandwidth:.1f} GB/s"
    console.print(words, highlight=False)


def _row(
    what: str, after: int, tokens: int, networks: dict[str, Network], ids: Sequence[int], rounds: int
) -> dict[str, Any]:
    """Both networks' medians for evaluating some tokens after others, and their ratio."""
    measures = {name: _evaluation(network, ids, after, tokens) for name, network in networks.items()}
    times: dict[str, list[float]] = {name: [] for name in networks}
    for round_number in range(rounds + 1):
        for name, measure in measures.items():
            elapsed_ms = measure()
            if round_number:  # the first one warms up
                times[name].append(elapsed_ms)
    ratios = [ours / theirs for ours, theirs in zip(times["int8"], times["float32"], strict=True)]
    medians = {f"{name}_ms": statistics.median(values) for name, values in times.items()}
    return {"what": what, "after": after, "tokens": tokens, **medians, "ratio": statistics.median(ratios)}


def _evaluation(network: Network, ids: Sequence[int], after: int, tokens: int) -> Callable[[], float]:
    """What evaluates tokens after those of a cache, and gives the milliseconds that it took."""
    cache = network.new_cache()
    _evaluate(network, ids[:after], 0, cache)

    def measure() -> float:
        cache.keep(after)
        started = time.perf_counter()
        _evaluate(network, ids[after : after + tokens], after, cache)
        return (time.perf_counter() - started) * 1000

    return measure


def _evaluate(network: Network, ids: Sequence[int], start: int, cache: Any) -> None:
    """Long prompts in chunks, logits for all tokens of a short step."""
    for at in range(0, len(ids), _CHUNK):
        part = ids[at : at + _CHUNK]
        network.evaluate(part, start + at, cache, len(part) if len(ids) <= max(_STEPS) else 1, NO_ADAPTER)


def _num_weights(model: Any) -> int:
    """How many weights one step multiplies with: all matrices, an embedding only where it is the head as well."""
    matrices = [module.weight for module in model.modules() if isinstance(module, torch.nn.Linear)]
    return sum(matrix.numel() for matrix in matrices)


def _bandwidth(rounds: int) -> float:
    """How many GB a second this machine reads with these threads: the best of the rounds."""
    array = torch.ones(_MEASURED_BYTES // 8, dtype=torch.float64)
    best = 0.0
    for _ in range(rounds):
        started = time.perf_counter()
        array.sum()
        best = max(best, _MEASURED_BYTES / (time.perf_counter() - started) / 1e9)
    return best


if __name__ == "__main__":
    main()
