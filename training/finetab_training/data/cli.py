"""The commands `finetab data build` and `finetab data show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finetab.core.home import expands
from finetab.errors import BadInput

if TYPE_CHECKING:
    from finetab_training.data.corpus import Recipe, Tally

data_app = typer.Typer(no_args_is_help=True, help="Build datasets of source files, and look into them.")


@data_app.command()
@expands
def build(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="FOLDER, FOLDER@COMMIT, package:NAME, FILE.whl or hub:ID.")
    ],
    out: Annotated[Path, typer.Option(help="The folder of the dataset to be.")],
    cut: Annotated[str, typer.Option(help="Split one repository at a COMMIT, tag or date; auto; none.")] = "auto",
    by_source: Annotated[bool, typer.Option("--by-source", help="Keep back whole sources, not files.")] = False,
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="The share kept back, where there is no cut.")] = 0.1,
    allow: Annotated[list[str] | None, typer.Option(help="A further licence for third-party files.")] = None,
    keep_out: Annotated[
        list[Path] | None, typer.Option(help="A holes file whose texts must not be trained on.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="text=NAME, path=NAME or licence=NAME of a hub dataset.")
    ] = None,
    num_proc: Annotated[int, typer.Option(min=1, help="Processes that read and filter.")] = 1,
    seed: Annotated[int, typer.Option(help="Draws the files that are kept back.")] = 0,
) -> None:
    """Read sources, filter them, split them, and keep the result as a dataset with a report."""
    from finetab_training.data.corpus import Recipe
    from finetab_training.data.filters import Policy
    from finetab_training.data.licences import PERMISSIVE

    recipe = Recipe(
        specs=tuple(sources), cut=cut, by_source=by_source, held_out_share=held_out,
        policy=Policy(licences=(*PERMISSIVE, *(allow or ()))), evaluations=_texts(keep_out or []),
        columns=dict(_column(text) for text in column or []), num_proc=num_proc, seed=seed,
    )  # fmt: skip
    show_report(_built(recipe, out), out)


@data_app.command()
@expands
def show(
    dataset: Annotated[Path, typer.Argument(help="A dataset of `finetab data build`.")],
    samples: Annotated[int, typer.Option(min=0, help="Samples to print.")] = 4,
    base: Annotated[str, typer.Option(help="Whose tokenizer draws and counts them.")] = "default",
    seed: Annotated[int, typer.Option(help="Draws the samples.")] = 0,
) -> None:
    """Print training samples of a dataset with their parts in colour, and what kinds and lengths there are."""
    from finetab_training.data.show import show_samples

    show_samples(dataset, samples, base, seed)


def _texts(paths: list[Path]) -> tuple[str, ...]:
    from finetab_training.data.hole import read_holes

    return tuple(hole.prefix + hole.middle + hole.suffix for path in paths for hole in read_holes(path))


def _column(text: str) -> tuple[str, str]:
    what, equals, name = text.partition("=")
    if not equals or what not in ("text", "path", "licence"):
        raise BadInput(f"--column takes text=NAME, path=NAME or licence=NAME, not {text!r}.")
    return what, name


def _built(recipe: "Recipe", out: Path) -> dict[str, Any]:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from finetab.core.console import open_console
    from finetab_training.data.dataset import write_dataset

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed} files kept, {task.fields[dropped]} left out"),
        TimeElapsedColumn(),
    )
    console = open_console(stderr=True)
    with Progress(*columns, transient=True, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, dropped=0)

        def on_file(tally: "Tally") -> None:
            bar.update(task, advance=1, dropped=tally.dropped.total())

        return write_dataset(recipe, out, on_file)


def show_report(report: dict[str, Any], out: Path) -> None:
    """Print what a build kept and left out."""
    from rich.table import Table

    from finetab.core.console import open_console

    console = open_console()
    table = Table("", "files", "characters", "languages", "licences", box=None)
    for side in ("train", "test"):
        counts = report[side]
        table.add_row(
            side,
            f"{counts['files']:,}",
            f"{counts['characters']:,}",
            _listed(counts["languages"]),
            _listed(counts["licences"]),
        )
    console.print(table)
    console.print(f"split by {report['split']['by']}", highlight=False)
    if report["split"]["by"] == "time":
        source = report["sources"][0]
        console.print(
            f"cut at {source['cut'][:12]}: {report['test']['new_lines']:,} lines came after it", highlight=False
        )
    console.print(f"left out: {_listed(report['dropped']) or 'none'}", highlight=False)
    if report["credentials_cut"]:
        console.print(f"secrets cut out: {_listed(report['credentials_cut'])}", highlight=False)
    console.print(f"the dataset: {out} (report.json, dropped.jsonl)", highlight=False)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
