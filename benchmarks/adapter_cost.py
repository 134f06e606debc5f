"""What an adapter in force costs: alone, where it is in the 8-bit weights, and beside another one.

    python benchmarks/adapter_cost.py [--base default] [--adapter FOLDER] [--rounds 9] [--json]

By default the adapter is the one that ships for the base. Three networks in one process take turns: the base without
any adapter, with the adapter alone, and with it and a second one (the same files under another name), as while one is
swapped for another or two folders have one each. Each figure is the median of the rounds, `over base` the median of the
rounds' own ratios. `attach` is how long it takes to bring the adapter in force, and the base stands still meanwhile.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import rich.console
import torch
from rich.console import Console
from rich.table import Table

from finetab.adapters.shipped import shipped_adapter
from finetab.core.base import read_base
from finetab.core.weights import base_folder
from finetab.engine.int8.network import Int8Network
from finetab.engine.network import NO_ADAPTER

_LENGTHS = (96, 288, 384)
_STEPS = 8  # of one token each, after the longest prompt


def main() -> None:
    """Load three networks, measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--adapter", type=Path, default=None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    folder = given.adapter or shipped_adapter(given.base)
    if folder is None:
        raise SystemExit(f"No adapter ships for {given.base}; name the folder of one with --adapter.")
    base = read_base(given.base)
    networks = {way: Int8Network(base_folder(given.base), base.spelled) for way in ("base", "alone", "beside")}
    attach_s = _attach(networks["alone"], "one", folder)
    for name in ("one", "two"):
        _attach(networks["beside"], name, folder)
    ids = base.tokenizer.encode(Path(rich.console.__file__).read_text("utf-8"))[: max(_LENGTHS) + _STEPS]
    times: dict[tuple[str, str], list[float]] = {}
    for round_number in range(given.rounds + 1):
        for way, network in networks.items():
            for what, took_ms in _measured(network, NO_ADAPTER if way == "base" else "one", ids).items():
                if round_number:  # the first one warms up
                    times.setdefault((what, way), []).append(took_ms)
    _print(times, attach_s, given.json)


def _attach(network: Int8Network, name: str, folder: Path) -> float:
    started = time.perf_counter()
    network.attach(name, folder)
    return time.perf_counter() - started


@torch.inference_mode()
def _measured(network: Int8Network, adapter: str, ids: list[int]) -> dict[str, float]:
    """Milliseconds for a prompt of each length, and for a step after the longest."""
    found = {}
    for length in _LENGTHS:
        cache = network.new_cache()
        started = time.perf_counter()
        network.states(ids[:length], 0, cache, 1, adapter)
        found[f"prompt of {length}"] = (time.perf_counter() - started) * 1000
    started = time.perf_counter()
    for at in range(max(_LENGTHS), max(_LENGTHS) + _STEPS):
        network.states(ids[at : at + 1], at, cache, 1, adapter)
    found["step of 1"] = (time.perf_counter() - started) * 1000 / _STEPS
    return found


def _print(times: dict[tuple[str, str], list[float]], attach_s: float, as_json: bool) -> None:
    rows: list[dict[str, Any]] = []
    for what in dict.fromkeys(what for what, _ in times):
        row: dict[str, Any] = {"what": what, "base_ms": statistics.median(times[what, "base"])}
        for way in ("alone", "beside"):
            row[f"{way}_ms"] = statistics.median(times[what, way])
            pairs = zip(times[what, way], times[what, "base"], strict=True)
            row[f"{way}_over_base"] = statistics.median(ours / theirs for ours, theirs in pairs)
        rows.append(row)
    if as_json:
        print(json.dumps({"attach_s": attach_s, "threads": torch.get_num_threads(), "rows": rows}))
        return
    table = Table("", "base ms", "alone ms", "over base", "beside ms", "over base", box=None)
    for row in rows:
        table.add_row(
            row["what"], f"{row['base_ms']:.1f}", f"{row['alone_ms']:.1f}", f"{row['alone_over_base']:.2f}",
            f"{row['beside_ms']:.1f}", f"{row['beside_over_base']:.2f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print(f"brought in force alone in {attach_s:.2f} s; {torch.get_num_threads()} threads", highlight=False)


if __name__ == "__main__":
    main()
