"""Adapters swapped under a server that somebody types at: are all requests answered, by whom, and does memory stay?

    python benchmarks/swaps.py ADAPTER [ADAPTER ...] [--swaps 200] [--json]

One real server. What is in force goes round the base alone and the adapters, all of one base, while requests follow
each other without a pause. An answer names its adapter; it is a wrong one when it says what another adapter says at
that place and not what its own does. The places are those where no two of them say the same.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import rich.text
from rich.console import Console
from rich.table import Table

from finetab.adapters.library import read_adapter
from finetab.core.pointer import BARE, Pointer, write_pointer
from finetab.lsp.client import ServerProcess
from finetab_training.evaluate.metrics import percentile

_TRIED, _PLACES = 12, 4
_LOOKS = 5  # at the memory
_START = "        self."


class Typist:
    """Asks a server at places of a file, and knows what each adapter says there. Adapters go by their labels."""

    def __init__(self, server: ServerProcess, root: Path, adapters: dict[str, str]) -> None:
        self._server, self._root, self._adapters = server, root, adapters
        self._uri = (root / "text.py").as_uri()
        text = Path(rich.text.__file__).read_text("utf-8")
        lines = enumerate(text.split("\n"))
        self._places = [number for number, line in lines if line.startswith(_START)][:_TRIED]
        server.open(self._uri, text)
        self._said = {label: self._learned(label) for label in adapters}
        said = self._said.values()
        self._places = [place for place in self._places if len({each[place] for each in said}) == len(said)][:_PLACES]
        if not self._places:
            raise SystemExit(f"Two of {', '.join(adapters)} say the same at all {_TRIED} places; take other adapters.")
        self._turns = itertools.cycle(self._places)

    def put_in_force(self, label: str) -> None:
        """As a promotion does."""
        write_pointer(self._root, Pointer(self._adapters[label]))

    def ask(self) -> tuple[str, bool]:
        """Ask at the next place: whose answer came, "" for nobody's, and whether it is another one's."""
        place = next(self._turns)
        label, text = self._answer(place)
        others = {said[place] for name, said in self._said.items() if name != label}
        return label, label in self._said and text != self._said[label][place] and text in others

    def _learned(self, label: str) -> dict[int, str]:
        self.put_in_force(label)
        while self._answer(self._places[0])[0] != label:
            time.sleep(0.05)
        return {place: self._answer(place)[1] for place in self._places}

    def _answer(self, place: int) -> tuple[str, str]:
        result = self._server.answer(self._server.complete_request(self._uri, place, len(_START)))["result"]
        said = self._server.why()[0]
        return str(said.get("adapter", "")), str(result["items"][0]["insertText"]) if result else ""


def main() -> None:
    """Swap, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapters", nargs="+")
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    found = measured(given.adapters, given.swaps)
    if given.json:
        print(json.dumps(found))
        return
    table = Table("", "", box=None, show_header=False)
    for name, value in found.items():
        values = value if isinstance(value, list) else [value]
        table.add_row(name, ", ".join(f"{value:.4g}" for value in values))
    Console().print(table)


def measured(named: list[str], num_swaps: int) -> dict[str, Any]:
    """The figures of one run."""
    read = [read_adapter(name) for name in named]
    adapters = {BARE: BARE} | {manifest.label: str(folder.resolve()) for folder, manifest in read}
    options = {"base": read[0][1].base_name, "lookAhead": False, "eagerness": "eager"}
    with tempfile.TemporaryDirectory() as folder, ServerProcess([sys.executable, "-m", "finetab", "serve"]) as server:
        server.start(Path(folder).as_uri(), options)
        typist = Typist(server, Path(folder), adapters)
        process = psutil.Process(server.process.pid)
        memory, counts, waited = [process.memory_info().rss / 1e6], Counter[str](), []
        for number, label in enumerate(itertools.islice(itertools.cycle(adapters), num_swaps), 1):
            typist.put_in_force(label)
            began, answered = time.perf_counter(), ""
            while answered != label:
                answered, is_wrong = typist.ask()
                counts.update(requests=1, wrong=is_wrong, unanswered=not answered)
            waited.append(time.perf_counter() - began)
            if number % (num_swaps // _LOOKS or 1) == 0:
                memory.append(process.memory_info().rss / 1e6)
        server.stop()
    return {
        "swaps": num_swaps, "places": len(typist._places), **counts,
        "seconds to the first answer, p50": percentile(waited, 0.5), "p95": percentile(waited, 0.95),
        "resident MB, before and after each fifth": memory,
    }  # fmt: skip


if __name__ == "__main__":
    main()
