"""A search for weights as a person sees it: a bar, each best so far, and what it brought."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from finetab.adapters.parents import Parent
from finetab.cli import settings_here
from finetab_training.compose.composition import Composition
from finetab_training.compose.search import Tried, search_weights
from finetab_training.data.hole import Hole


def searched(
    parents: Sequence[Parent],
    composition: Composition,
    holes: Sequence[Hole],
    tries: int,
    console: Console | None = None,
) -> tuple[Parent, ...]:
    """The parents with the weights that did best."""
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    best = float("inf")
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("searching", total=tries)

        def advance(tried: Tried) -> None:
            nonlocal best
            bar.update(task, advance=1)
            if tried.loss < best:
                best = tried.loss
                console.print(f"loss {tried.loss:.4f} with {_told(tried)}", highlight=False)

        found = search_weights(parents, composition, holes, tries, settings_here(), advance)
    console.print(f"best of {len(found)} on {len(holes)} holes: loss {found[0].loss:.4f} with {_told(found[0])}")
    return tuple(replace(parent, weight=weight) for parent, weight in zip(parents, found[0].weights, strict=True))


def _told(tried: Tried) -> str:
    return ", ".join(f"{weight:.2f}" for weight in tried.weights)
