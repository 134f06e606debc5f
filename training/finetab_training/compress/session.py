"""A compression as a person sees it: a bar with what is being done, and a table of what it cost."""

from collections.abc import Mapping
from math import exp
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from finetab.core.bar import Bar
from finetab_training.compress.compression import Compression, compress


def compressed(job: Compression, out: Path, console: Console) -> None:
    """Compress, and say what came out."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Bar(*columns, console=console) as bar:
        tasks: dict[str, Any] = {}

        def advance(what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], advance=1)

        report = compress(job, out, advance)
    console.print(_table(report))
    was, now = report["numbers_in_linear_layers"]
    way = "plain SVD" if job.plain else "seen through its inputs"
    console.print(
        f"{out}: {report['factored_layers']} layers factored, {now / was:.0%} of the numbers in linear layers, {way}; "
        f"perplexity on {report['test_tokens']:,} tokens of {report['test_files']} other files, "
        "with 95% intervals over files"
        + (f"; distilled for {report['steps']} of {job.steps} steps" if job.steps else ""),
        highlight=False,
    )
    console.print(
        "Both were timed in float32 on the CPU. Where a base is held in 8 bits to be fast, this one cannot be: "
        "factored layers stay in full precision."
    )
    console.print(f"measure it: finetab evaluate --base {out} --holes FILE.jsonl", highlight=False)


def _table(report: Mapping[str, Any]) -> Table:
    table = Table("", "numbers", "MB", "perplexity", "times the original's", "ms a row", "ms a token", box=None)
    speed = report["milliseconds"]
    for name, perplexity in report["perplexity"].items():
        at = 0 if name == "original" else 1
        milliseconds = (f"{speed[what][at]:.0f}" for what in ("row", "token"))
        size = f"{report['numbers'][at]:,}", f"{report['bytes'][at] / 1e6:.0f}"
        more = report["loss_more"][name]
        times = "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**{at: exp(more[at]) for at in ("mean", "low", "high")})
        table.add_row(name, *size, f"{perplexity:.2f}", times, *milliseconds)
    return table
