"""Which way of training lowers the held-out loss most: arms that differ in one thing, side by side in one run.

    python benchmarks/ablate_training.py --data package:rich --steps 24 --rows 16

Prints, for each arm, the mean loss per token of middles and their ends over held-out rows (lines, rests and blocks of
files kept back, SPM as served), and its difference from the first arm on the same rows with a 95% bootstrap interval
over rows. One seed tells little: give several with --seeds. In a short run most of that loss is the ends, which a base
has never been taught; `suffix_use.py` tells middles and ends apart.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table

from finetab.core import models
from finetab.core.fim import FimFormat
from finetab_training.config import make_config
from finetab_training.evaluate.metrics import estimate, paired_difference
from finetab_training.runs import run_of
from finetab_training.train.prepare import prepare
from finetab_training.train.run import train

ONLY_EDITOR = {
    "line": 0.4, "rest": 0.3, "block": 0.2, "random": 0.1, "node": 0, "aligned": 0, "bracket": 0, "comment": 0,
    "import": 0, "empty": 0,
}  # fmt: skip


@contextmanager
def mean_sentinels() -> Iterator[None]:
    """Sentinel rows begin as the mean of all rows, as when an embedding is made larger."""

    def start(model: Any, tokenizer: Any, fim: FimFormat) -> None:
        rows = models.embedding_rows(model)
        with torch.no_grad():
            rows[list(fim.sentinel_ids)] = rows[: tokenizer.size].mean(dim=0)

    with patch.object(models, "_spell_sentinels", start):
        yield


@dataclass(frozen=True)
class Arm:
    """What an arm changes: entries of the config, or something in the code."""

    config: dict[str, Any] = field(default_factory=dict)
    change: Callable[[], AbstractContextManager[None]] = nullcontext


ARMS = {
    "as shipped": Arm(),
    "lines, rests, blocks": Arm({"kinds": ONLY_EDITOR}),
    "half PSM": Arm({"psm_share": 0.5}),
    "no left-to-right": Arm({"left_to_right_share": 0.0}),
    "mean sentinels": Arm(change=mean_sentinels),
    "slow sentinels": Arm({"sentinel_learning_rate": 3e-4}),
    "counting prefixes": Arm({"prefix_share": 1.0}),
    "counting some of them": Arm({"prefix_share": 0.15}),
    "mostly short": Arm({"short_share": 0.8}),
}
SMALL = {"rows_per_step": 1, "prefix_tokens": 192, "suffix_tokens": 64, "learning_rate": 3e-4, "patience": 0}


def main() -> None:
    """Train every arm, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rows", type=int, default=16, help="held-out rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        losses = {name: _losses(name, given, Path(folder)) for name in given.arms}
    _show(losses, given)


def _losses(name: str, given: argparse.Namespace, folder: Path) -> list[float]:
    """The loss of each held-out row after the last step, one seed after the other."""
    found: list[float] = []
    for seed in given.seeds:
        out = folder / f"{list(ARMS).index(name)}-{seed}"
        common = {"data": given.data, "base": given.base, "out": str(out), "max_steps": given.steps, "seed": seed}
        size = {"held_out_rows": given.rows, "save_steps": given.steps}
        run = run_of(make_config(SMALL, common, size, ARMS[name].config))
        with ARMS[name].change():
            train(run, prepare(run), Console(file=StringIO()))
        records = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
        found += next(record["held_out_by_row"] for record in reversed(records) if "held_out_by_row" in record)
        print(f"{name}, seed {seed}: {sum(found[-given.rows :]) / given.rows:.4f}", flush=True)
    return found


def _show(losses: dict[str, list[float]], given: argparse.Namespace) -> None:
    table = Table("arm", "loss", f"against {given.arms[0]}", box=None)
    for name, values in losses.items():
        mean, difference = estimate(values), paired_difference(values, losses[given.arms[0]])
        table.add_row(
            name,
            f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]",
            f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]",
        )
    console = Console()
    console.print(table)
    words = f"{given.data}, {given.steps} steps, {given.rows} held-out rows, seeds {given.seeds}"
    console.print(words, highlight=False)


if __name__ == "__main__":
    main()
