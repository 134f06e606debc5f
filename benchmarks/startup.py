"""What a server costs before it is of use: time to its first words and to its first completion, and its memory.

    python benchmarks/startup.py [--base default] [--rounds 3] [--json]

Real server processes over stdio, one after the other, the ways to hold the weights in turns. Memory is what is resident
after a dozen completions, and the most that ever was.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil
import rich.console
from rich.console import Console
from rich.table import Table

from finetab.lsp.client import ServerProcess

_COMPLETIONS = 12
_PAUSE_SECONDS = 0.1  # while it loads: questions without end would take its time
_WAYS = ("int8", "none")


def main() -> None:
    """Start servers in turns, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(given.rounds):
        for way in _WAYS:
            found[way].append(measured(given.base, way))
    rows = {
        way: {name: statistics.median(one[name] for one in ones) for name in ones[0]} for way, ones in found.items()
    }
    if given.json:
        ratios = {name: rows["int8"][name] / rows["none"][name] for name in rows["none"]}
        print(json.dumps({"rounds": given.rounds, "rows": rows, "ratios": ratios}))
        return
    table = Table("weights", *rows["none"], box=None)
    for way, row in rows.items():
        table.add_row(way, *(f"{value:.1f}" for value in row.values()))
    console = Console()
    console.print(table)
    console.print(f"{given.base}, medians of {given.rounds} starts each", highlight=False)


def measured(base: str, way: str) -> dict[str, float]:
    """One server's times in seconds and memory in MB."""
    text = Path(rich.console.__file__).read_text("utf-8")
    lines = text.split("\n")
    places = [number for number, line in enumerate(lines) if line.startswith("        return ")][:_COMPLETIONS]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with ServerProcess([sys.executable, "-m", "finetab", "serve"]) as server:
            server.start(Path(folder).as_uri(), {"base": base, "quantisation": way})
            initialized = time.perf_counter() - started
            server.open("file:///console.py", text)
            first = 0.0
            while not first:
                if server.complete("file:///console.py", places[0], len("        return ")):
                    first = time.perf_counter() - started
                else:
                    time.sleep(_PAUSE_SECONDS)
            for line in places:
                server.complete("file:///console.py", line, len("        return "))
            process = psutil.Process(server.process.pid)
            resident = process.memory_info().rss / 1e6
            most = _most_resident(server.process.pid) or resident
            server.stop()
    return {"initialize s": initialized, "first completion s": first, "resident MB": resident, "most MB": most}


def _most_resident(process_id: int) -> float | None:
    """The most memory a process ever had resident, in MB; only Linux tells."""
    path = Path(f"/proc/{process_id}/status")
    if not path.is_file():
        return None
    line = next(line for line in path.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
