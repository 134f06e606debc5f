"""A search for weights as a person sees it: a bar, each best so far, and what it brought."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from finetab.adapters.parents import Parent
from finetab.cli import settings_here
from finetab.core.bar import Bar
from finetab.core.console import open_console
from finetab.errors import BadFile
from finetab_training.compose.composition import Composition
from finetab_training.compose.search import Tried, best_first, search_weights
from finetab_training.data.hole import Hole
from finetab_training.data.trained import read_all_trained
from finetab_training.evaluate.holes import unseen


def searched(
    parents: Sequence[Parent],
    composition: Composition,
    holes: Sequence[Hole],
    tries: int,
    console: Console | None = None,
) -> tuple[tuple[Parent, ...], dict[str, Any]]:
    """The parents with the weights that did best, and what a manifest tells of the search.

    Holes that a parent was trained on are left out: they would speak for whoever knows them by heart. Raises `BadFile`
    where none are left. Ctrl-C ends the search with what was best until then.
    """
    console = console or open_console(stderr=True)
    cut = unseen(holes, len(holes), read_all_trained(parent.folder for parent in parents))
    if not cut.holes:
        raise BadFile(f"The adapters were trained on the lines of all {cut.num_seen} holes; name others.")
    if cut.num_seen:
        console.print(f"{cut.num_seen} holes left out, since an adapter was trained on their lines", highlight=False)
    found = _tried(parents, composition, cut.holes, tries, console)
    best = found[0]
    console.print(f"best of {len(found)} on {len(cut.holes)} holes: loss {best.loss:.4f} with {_told(best)}")
    told = {"holes": len(cut.holes), "left_out": cut.num_seen, "tried": len(found), "loss": best.loss}
    return tuple(replace(parent, weight=weight) for parent, weight in zip(parents, best.weights, strict=True)), told


def _tried(
    parents: Sequence[Parent], composition: Composition, holes: Sequence[Hole], tries: int, console: Console
) -> tuple[Tried, ...]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done: list[Tried] = []
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("searching", total=tries)

        def advance(tried: Tried) -> None:
            bar.update(task, advance=1)
            done.append(tried)
            if best_first(done)[0] is tried:
                console.print(f"loss {tried.loss:.4f} with {_told(tried)}", highlight=False)

        try:
            return search_weights(parents, composition, holes, tries, settings_here(), advance)
        except KeyboardInterrupt:
            if not done:
                raise
            console.print(f"Stopped after {len(done)} of {tries} tries; the best of them is taken.", highlight=False)
    return best_first(done)


def _told(tried: Tried) -> str:
    return ", ".join(f"{weight:.2f}" for weight in tried.weights)
