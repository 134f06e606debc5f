"""Every technique on the same rows with as many steps, each in a process of its own; prints a Markdown table.

    python benchmarks/compare_methods.py --base default --data package:rich --steps 16

It is a first look, not a contest: each technique has one learning rate (ten times the usual one for those that train
vectors only), and one seed. The loss is per token of middles on files kept back; its interval is over held-out rows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from finetab_training.evaluate.metrics import paired_difference
from finetab_training.methods.registry import METHODS

_RATES = {"vera": 3e-3, "ia3": 3e-3, "full": 2e-5}
_SMALL = {"rows_per_step": 1, "prefix_tokens": 192, "suffix_tokens": 64, "patience": 0}


def main() -> None:
    """Train with each technique in turn, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--rows", type=int, default=8, help="held-out rows")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    given = parser.parse_args()
    print("| method | loss: before, after | change [95%] | trained | adapter MB | tokens/s | peak GB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for method in given.methods:
            print(_row(method, given, Path(folder) / method), flush=True)
    print(f"\n{given.base}, {given.data}, {given.steps} steps of one row, {given.rows} held-out rows, one seed")


def _row(method: str, given: argparse.Namespace, out: Path) -> str:
    entries: dict[str, Any] = {
        **_SMALL, "base": given.base, "data": given.data, "out": str(out), "method": method, "max_steps": given.steps,
        "save_steps": given.steps, "held_out_rows": given.rows, "learning_rate": _RATES.get(method, 3e-4),
    }  # fmt: skip
    overrides = [part for key, value in entries.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    command = [sys.executable, "-m", "finetab", "train", *overrides]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"| `{method}` | {(done.stderr or done.stdout).strip().splitlines()[-1]} | | | | | |"
    lines = [json.loads(line) for line in (out.with_name(f"{method}.run") / "metrics.jsonl").read_text().splitlines()]
    looks = [line for line in lines if "held_out_loss" in line]
    steps = [line for line in lines if "loss" in line]
    change = paired_difference(looks[-1]["held_out_by_row"], looks[0]["held_out_by_row"])
    words = done.stdout.split(" parameters to train")[0].split()[-1]
    size = sum(path.stat().st_size for path in out.glob("*.safetensors")) / 1e6
    speed = sum(line["tokens"] for line in steps[1:]) / (steps[-1]["seconds"] - steps[0]["seconds"])
    return (
        f"| `{method}` | {looks[0]['held_out_loss']:.3f}, {looks[-1]['held_out_loss']:.3f} "
        f"| {change.mean:+.3f} [{change.low:+.3f}, {change.high:+.3f}] | {words} | {size:.1f} | {speed:.0f} "
        f"| {max(line['memory_gb'] for line in steps):.1f} |"
    )


if __name__ == "__main__":
    main()
