"""One evaluation from the command line: find the holes, answer them with a progress bar, keep and show the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from finetab.adapters.library import chosen
from finetab.errors import BadFile
from finetab.settings import Settings
from finetab_training.data.corpus import read_corpus
from finetab_training.data.trained import Trained, read_trained
from finetab_training.evaluate.evaluation import ADAPTER_ARMS, BASE_ARMS, evaluate, record, report
from finetab_training.evaluate.holes import Cut, Hole, cut_holes, read_holes, unseen, write_holes

_FEW = 300  # holes: below this only large gains can be told from chance


def measure(
    settings: Settings,
    *,
    data: Path | None,
    holes_file: Path | None,
    limit: int,
    seed: int = 0,
    save_holes: Path | None = None,
    console: Console | None = None,
) -> tuple[Cut, dict[str, Any]]:
    """The holes and the report; the report is written into the adapter's manifest as well."""
    trained, folder = _trained(settings)
    cut = _read(holes_file, limit, trained) if holes_file else _cut(data or Path(), limit, seed, trained, folder)
    if save_holes:
        write_holes(save_holes, cut.holes)
    made = _answered(settings, cut.holes, console or Console(stderr=True))
    if settings.adapter != "base":
        record(settings.adapter, made)
    return cut, made


def _trained(settings: Settings) -> tuple[Trained, Path | None]:
    """What the adapter was trained on, and the folder that it stood in."""
    _, adapter = chosen(settings)
    if adapter is None:
        return Trained(), None
    folder, manifest = adapter
    return read_trained(folder), Path(manifest.data.get("folder", ""))


def _read(path: Path, limit: int, trained: Trained) -> Cut:
    cut = unseen(read_holes(path), limit, trained)
    if not cut.holes:
        raise BadFile(f"Training holds the lines of all {cut.num_seen} holes of {path}; name others.")
    return cut


def _cut(data: Path, limit: int, seed: int, trained: Trained, trained_folder: Path | None) -> Cut:
    files = read_corpus(data).files
    same_folder = data.resolve() == trained_folder
    kept = [file for file in files if not trained.has_file(file, same_folder)]
    cut = cut_holes(kept, limit, seed, trained)
    if not cut.holes:
        raise BadFile(
            f"No hole can be cut from {data}: {len(files) - len(kept)} of its {len(files)} files were trained on, "
            "and the others hold no line that is new; name another folder, or a holes file with --holes."
        )
    return cut


def _answered(settings: Settings, holes: Sequence[Hole], console: Console) -> dict[str, Any]:
    arms = BASE_ARMS if settings.adapter == "base" else (*BASE_ARMS, *ADAPTER_ARMS)
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("loading", total=len(arms) * len(holes))
        return report(evaluate(settings, holes, lambda arm: bar.update(task, advance=1, description=arm)))


def show(made: dict[str, Any], num_seen: int, console: Console | None = None) -> None:
    """Print a report: a table of arms, the differences, and what follows from them. It fits 80 columns."""
    console = console or Console()
    table = Table("arm", "exact %", "similarity %", "empty %", "p50 ms", "p95 ms", box=None)
    for name, arm in made["arms"].items():
        latency = arm["latency_ms"]
        table.add_row(
            name,
            _percent(arm["exact_match"]),
            _percent(arm["edit_similarity"]),
            f"{100 * arm['empty_answers']['mean']:.0f}",
            f"{latency['p50']:.0f}",
            f"{latency['p95']:.0f}",
        )
    console.print(table)
    seen = f"; {num_seen} holes were dropped because training holds their lines" if num_seen else ""
    console.print(f"{made['n']} holes, 95% bootstrap intervals{seen}", highlight=False)
    for name, difference in made["differences"].items():
        console.print(f"{name}, in points on the same holes", highlight=False)
        for metric, label in (("exact_match", "exact match"), ("edit_similarity", "similarity")):
            console.print(f"    {label:<12} {_verdict(difference[metric])}", highlight=False)
    console.print(f"measured best: {made['best']}", highlight=False)
    if made["n"] < _FEW:
        console.print(f"With fewer than {_FEW} holes, only large differences can be told from chance.")


def _percent(estimate: dict[str, float]) -> str:
    mean, low, high = (100 * estimate[name] for name in ("mean", "low", "high"))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _verdict(found: dict[str, float]) -> str:
    sure = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "no sure difference"
    mean, low, high = (100 * found[name] for name in ("mean", "low", "high"))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]: {sure}"
