"""One evaluation from the command line: find the holes, answer them with a progress bar, keep and show the report."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from finetab.adapters.library import chosen
from finetab.core.bar import Bar
from finetab.core.console import open_console
from finetab.core.pointer import BASE
from finetab.errors import BadFile, NoSandbox
from finetab.settings import Settings
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.dataset import is_dataset, read_dataset
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import Trained, read_trained
from finetab_training.evaluate.benchmarks.table import draw_holes
from finetab_training.evaluate.evaluation import ADAPTER_ARMS, BASE_ARMS, COMPARED_METRICS, evaluate, record, report
from finetab_training.evaluate.gate import MIN_HOLES
from finetab_training.evaluate.holes import NEIGHBOURS, Cut, cut_holes, unseen
from finetab_training.evaluate.metrics import sureness
from finetab_training.evaluate.runner import Extras
from finetab_training.evaluate.sandbox import Sandbox, open_sandbox
from finetab_training.evaluate.scores import METRICS
from finetab_training.evaluate.tables import arms_table, kinds_table, rates_table


def measure(
    settings: Settings,
    *,
    data: str = "",
    holes_file: Path | None = None,
    benchmark: str = "",
    limit: int,
    seed: int = 0,
    typing: bool = False,
    save_holes: Path | None = None,
    console: Console | None = None,
) -> tuple[Cut, dict[str, Any]]:
    """The holes, of one of the three, and the report.

    The report is written into the adapter's manifest as well, unless it is of a benchmark: what is served is decided
    by one's own code.
    """
    console = console or open_console(stderr=True)
    adapter = chosen(settings)[1]
    trained = read_trained(adapter[0]) if adapter else Trained()
    if benchmark:
        cut = Cut(draw_holes(benchmark, limit, seed), 0)  # whole, or it would be another benchmark
    elif holes_file:
        cut = _read(holes_file, limit, seed, trained)
    else:
        cut = _cut(data, limit, seed, trained, adapter[1].data if adapter else {})
    if save_holes:
        write_holes(save_holes, cut.holes)
    made = _answered(settings, cut.holes, Extras(typing, _sandbox(cut.holes, console)), console)
    if adapter and settings.adapter != BASE and not benchmark:
        record(settings.adapter, made)
    return cut, made


def _sandbox(holes: Sequence[Hole], console: Console) -> Sandbox | None:
    """Where the holes' checks are run; without it, everything else is still measured."""
    try:
        return open_sandbox() if any(hole.check for hole in holes) else None
    except NoSandbox as error:
        console.print(f"No pass@1: {error}", highlight=False, markup=False)
        return None


def _read(path: Path, limit: int, seed: int, trained: Trained) -> Cut:
    holes = read_holes(path)
    if len(holes) > limit:  # neighbours in a file are of one source
        holes = tuple(Random(f"{seed}/holes").sample(holes, len(holes)))
    cut = unseen(holes, limit, trained)
    if not cut.holes:
        raise BadFile(f"Training holds the lines of all {cut.num_seen} holes of {path}; name others.")
    return cut


def _cut(data: str, limit: int, seed: int, trained: Trained, made_from: dict[str, Any]) -> Cut:
    files, others = _unseen_files(data, trained, made_from)
    cut = cut_holes(
        files, limit, seed, trained.with_texts(others), tuple(file.document() for file in others[:NEIGHBOURS])
    )
    if not cut.holes:
        raise BadFile(
            f"No hole can be cut from {data}: of its files, {len(files)} were not trained on, and they hold no line "
            "that is new; name another folder, or a holes file with --holes."
        )
    return cut


def _unseen_files(
    data: str, trained: Trained, made_from: dict[str, Any]
) -> tuple[Sequence[SourceFile], Sequence[SourceFile]]:
    """The files to measure with, and the others: a dataset's test side, what came after the adapter's own cut, or all
    that training has not seen."""
    if is_dataset(Path(data)):
        training, test, _ = read_dataset(Path(data))
        return test, training
    same_folder = str(Path(data).resolve() if Path(data).exists() else data) in _origins(made_from)
    corpus = read_corpus(Recipe((data,), cut=_cut_there(made_from, same_folder)))
    if corpus.tally.split_by == "time":
        return corpus.test, corpus.training
    files = sorted((*corpus.training, *corpus.test), key=lambda file: file.path)
    sides: dict[bool, list[SourceFile]] = {True: [], False: []}
    for file in files:
        sides[trained.has_file(file, same_folder)].append(file)
    # Where nothing was trained on, all of them stand beside each other; a file is never its own neighbour.
    return sides[False], sides[True] or files


def _origins(made_from: dict[str, Any]) -> set[str | None]:
    """What an adapter was trained on: what its run was given, and the folders that a dataset was made of."""
    return {made_from.get("data"), *(source.get("folder") for source in made_from.get("sources", ()))}


def _cut_there(made_from: dict[str, Any], same_folder: bool) -> str:
    """Where to cut: as the adapter's training did; nowhere in a folder that it has not seen; `auto` for the base."""
    if not made_from:
        return "auto"
    cuts = (source["cut"] for source in made_from.get("sources", ()) if "cut" in source)
    return next(cuts, "none") if same_folder else "none"


def _answered(settings: Settings, holes: Sequence[Hole], extras: Extras, console: Console) -> dict[str, Any]:
    arms = (*BASE_ARMS, *ADAPTER_ARMS) if chosen(settings)[1] else BASE_ARMS
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("loading", total=len(arms) * len(holes))
        made = evaluate(settings, holes, lambda arm: bar.update(task, advance=1, description=arm), extras)
    return report(made)


def show(made: dict[str, Any], num_seen: int, console: Console | None = None) -> None:
    """Print a report: its tables, the differences between arms, and what follows from them. It fits 80 columns."""
    console = console or open_console()
    tables = (arms_table, rates_table, kinds_table) if len(made["by_kind"]) > 1 else (arms_table, rates_table)
    for table in tables:
        console.print(table(made))
    seen = f"; {num_seen} holes were dropped because training holds their lines" if num_seen else ""
    console.print(f"{made['n']} holes; shares in percent, 95% bootstrap intervals{seen}", highlight=False)
    for name, difference in made["differences"].items():
        console.print(f"{name}, in points on the same holes", highlight=False)
        for metric in COMPARED_METRICS:
            if metric in difference:
                console.print(f"    {METRICS[metric].label:<12} {_verdict(difference[metric])}", highlight=False)
    console.print(f"measured best: {made['best']}", highlight=False)
    if made["n"] < MIN_HOLES:
        console.print(f"With fewer than {MIN_HOLES} holes, only large differences can be told from chance.")


def _verdict(found: dict[str, float]) -> str:
    sure = sureness(found["low"], found["high"])
    mean, low, high = (100 * found[name] for name in ("mean", "low", "high"))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]: {sure}"
