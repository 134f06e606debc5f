"""What a smaller base costs: loss, completions, size and speed at each ratio, whitened factors beside plain SVD.

    pip install 'finetab[compare]'
    recipes/default-adapter-data.sh FOLDER
    python benchmarks/compression.py --data FOLDER/data --out RESULTS [--ratios 0.9,0.8] [--holes 100] [--distil 150]

The base with the adapter that ships merged into it, so that it fills in the middle, is factored at each ratio (the
share of the linear layers' numbers that is left), calibrated on the data. The loss is that of 32 rows of files of the
data that were kept back, and `more` what it is above the original's. Holes are the general ones, through the pipeline
that serves, all in full precision; differences are to the original, hole by hole. Intervals are 95% bootstrap ones over
files and what is of them. RESULTS gets `report.json`, and `ratio-quality` as PNG and SVG. What is measured already is
not measured again: other ratios may be asked for later, but not another base, other data, holes or steps of distilling,
which need another RESULTS.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table

from finetab.assemble import load_completer
from finetab.core.atomic import write_text
from finetab.core.pointer import BARE, BASE
from finetab.core.progress import silent
from finetab.core.weights import fingerprint
from finetab.settings import Settings
from finetab_training.compress.compression import Compression, compress
from finetab_training.data.dataset import REPORT
from finetab_training.data.hole import Hole
from finetab_training.evaluate.general import drawn_general_holes
from finetab_training.evaluate.metrics import Estimate, estimate, paired_difference
from finetab_training.evaluate.runner import answer_holes
from finetab_training.export import export_merged

_ORIGINAL, _ASKED = "original", "asked"
_WAYS = {"plain": "#8a8a8a", "whitened": "#0b5fa5", "distilled": "#b5541c"}
Report = dict[str, dict[str, Any]]
"""By `way ratio`; and, by `asked`, what all of them were measured with."""


def main() -> None:
    """Compress, measure, and write table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ratios", default="0.9,0.8,0.7")
    parser.add_argument("--holes", type=int, default=100)
    parser.add_argument("--distil", type=int, default=0, help="steps; 0 leaves that way out")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "report.json"
    holes = drawn_general_holes()[: given.holes]
    console = Console(width=140)
    with TemporaryDirectory() as scratch:
        merged = export_merged(BASE, Path(scratch) / "merged")
        asked = _asked(given, merged)
        report: Report = json.loads(path.read_text("utf-8")) if path.is_file() else {_ASKED: asked}
        if fault := _why_not(report, asked, given.distil):
            parser.error(f"{path} {fault}")
        if _ORIGINAL not in report:
            report[_ORIGINAL] = _answers(merged, holes)
        for ratio in given.ratios.split(","):
            for way in _WAYS:
                label = f"{way} {ratio}"
                if label in report or (way == "distilled" and not given.distil):
                    continue
                steps = given.distil if way == "distilled" else 0
                job = Compression(str(merged), float(ratio), given.data, plain=way == "plain", steps=steps)
                out = Path(scratch) / label.replace(" ", "-")
                made = compress(job, out, lambda _doing: None)
                if made["steps"] < steps:
                    raise KeyboardInterrupt  # which ended the distilling, and is no row of this table
                report[_ORIGINAL] |= _costs(made, 0, "original")
                last = "distilled" if steps else "compressed"
                told = {"way": way, "ratio": float(ratio), "steps": steps}
                report[label] = told | _costs(made, 1, last) | _answers(out, holes)
                write_text(path, json.dumps(report, indent=1))
                console.print(_table(report))
    for kind in ("png", "svg"):
        _plot(report).savefig(given.out / f"ratio-quality.{kind}", dpi=150)


def _asked(given: argparse.Namespace, merged: Path) -> dict[str, Any]:
    """What all rows of a report have in common."""
    built = Path(given.data) / REPORT
    data = sha256(built.read_bytes()).hexdigest() if built.is_file() else given.data
    return {"base": fingerprint(merged), "data": data, "holes": given.holes}


def _why_not(report: Report, asked: Mapping[str, Any], distil: int) -> str:
    """Why a report cannot go on with what is asked for; "" where it can."""
    if report.get(_ASKED) != asked:
        said = json.dumps(report[_ASKED]) if _ASKED in report else "something that it does not say"
        return f"was measured with {said}, and now {json.dumps(asked)} is asked for; choose another --out"
    steps = {row["steps"] for row in report.values() if row.get("way") == "distilled"} - {distil}
    if distil and steps:
        return f"has rows distilled for {steps.pop()} steps, and now {distil} are asked for; choose another --out"
    return ""


def _answers(folder: Path, holes: Sequence[Hole]) -> dict[str, Any]:
    settings = Settings(base=str(folder), adapter=BARE, quantisation="none")
    with closing(load_completer(settings, silent)) as completer:
        results = answer_holes(completer, track(holes, folder.name, transient=True), lambda: None)
    return {
        "files": [each.path for each in results],
        "exact": [float(each.exact) for each in results],
        "similarity": [each.similarity for each in results],
    }


def _costs(made: Mapping[str, Any], side: int, name: str) -> dict[str, Any]:
    """Of the original (0) or what was made of it (1): loss, numbers, and times by what is read, over the original's."""
    times = {what: both[side] / both[0] for what, both in made["milliseconds"].items()}
    loss = {"loss": made["loss"][name], "more": made["loss_more"][name]}
    return {**loss, "numbers": made["numbers"][side], "times": times}


def _table(report: Report) -> Table:
    columns = ("", "loss", "more", "numbers, M", "row", "token", "exact %", "similarity %", "gain")
    table = Table(*columns, box=None)
    for label, found in report.items():
        if label == _ASKED:
            continue
        gain = paired_difference(found["similarity"], report[_ORIGINAL]["similarity"], found["files"])
        times = [f"{found['times'][name]:.2f}x" for name in ("row", "token")]
        answers = [estimate(found[name], found["files"]).percent() for name in ("exact", "similarity")]
        more = "{mean:+.3f} [{low:+.3f}, {high:+.3f}]".format(**found["more"])
        costs = f"{found['loss']:.3f}", more, f"{found['numbers'] / 1e6:.0f}", *times
        table.add_row(label, *costs, *answers, gain.percent("+"))
    return table


def _plot(report: Report) -> Figure:
    """What is added to the loss, and similarity, by ratio, a line for each way."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for way, colour in _WAYS.items():
        rows = sorted((found for found in report.values() if found.get("way") == way), key=lambda found: found["ratio"])
        if not rows:
            continue
        ratios = [row["ratio"] for row in rows]
        losses = [Estimate(**row["more"]) for row in rows]
        answers = [estimate(row["similarity"], row["files"]) for row in rows]
        for axes, found, unit in ((left, losses, 1), (right, answers, 100)):
            means = [unit * each.mean for each in found]
            errors = [[unit * (e.mean - e.low) for e in found], [unit * (e.high - e.mean) for e in found]]
            axes.errorbar(ratios, means, yerr=errors, fmt="o-", color=colour, capsize=3, linewidth=1, label=way)
    left.set_yscale("log")
    left.set_ylabel("added to the loss, nats a token")
    left.legend(frameon=False)
    right.axhline(100 * estimate(report[_ORIGINAL]["similarity"]).mean, color="black", linestyle=":", linewidth=1)
    right.set_ylabel("edit similarity on general holes, %")
    for axes in (left, right):
        axes.set_xlabel("share of the linear layers' numbers that is left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
    figure.suptitle("Dotted: the original; bars: 95% intervals over files and what is of them", fontsize=9)
    return figure


if __name__ == "__main__":
    main()
