"""The commands around PEFT techniques: `methods`, `compare`, `export`, `compress`, `compose`."""

from pathlib import Path
from typing import Annotated

import typer

from finetab.core.home import expands


def add_commands(app: typer.Typer) -> None:
    """Add them to `finetab`."""
    for command in (methods, compare, export, compose, compress):
        app.command()(expands(command))


def methods() -> None:
    """List the PEFT techniques: what each trains, saves and needs of the base."""
    from rich.table import Table

    from finetab.core.console import open_console
    from finetab_training.methods.registry import METHODS, plugins

    table = Table("method", "trains", "base in", "saves", "sentinel rows", box=None)
    for name, row in METHODS.items():
        table.add_row(name, row.trains, row.base, row.saves, row.sentinels)
    for name, where in plugins().items():
        table.add_row(name, f"(brought by {where})")
    open_console().print(table)


def compare(
    config: Annotated[Path, typer.Argument(metavar="FILE.toml", help="What to compare; see docs/peft.md.")],
) -> None:
    """Compare techniques: as much tuning for each, several seeds, intervals, costs, plots. Goes on after a stop."""
    from finetab.core.console import open_console
    from finetab_training.compare.config import make_comparison
    from finetab_training.config import read_config

    comparison = make_comparison(read_config(config))

    from finetab_training.compare.comparison import compare as run_compare

    run_compare(comparison, open_console())


def export(
    adapter: Annotated[str, typer.Argument(help="An adapter's name or folder, or `base`.")],
    merged: Annotated[Path, typer.Option(help="The folder of the merged model to be.")],
    gguf: Annotated[Path | None, typer.Option(help="And a GGUF file of it, for llama.cpp.")] = None,
) -> None:
    """Merge an adapter into its full-precision base, as a model folder that any tool loads."""
    from finetab.adapters.library import read_named

    read_named(adapter)  # a wrong name should not wait for what is slow to import

    from finetab_training.export import export_merged

    folder = export_merged(adapter, merged, gguf)
    if gguf is not None:
        typer.echo(f"{gguf}: the same in half precision, for llama.cpp")
    typer.echo(f"{folder}: base and adapter in one; try it: finetab complete FILE:LINE:COLUMN --base {folder}")


def compress(
    base: Annotated[str, typer.Option(help="Base model; see `finetab models`.")],
    ratio: Annotated[float, typer.Option(help="The share of the numbers in linear layers that is to be left.")],
    out: Annotated[Path, typer.Option(help="The folder of the smaller model to be.")],
    data: Annotated[str, typer.Option(help="What it is to be good at; as in train.")],
    plain: Annotated[bool, typer.Option("--plain", help="Plain SVD, which looks at weights only.")] = False,
    distil: Annotated[int, typer.Option(min=0, help="Steps in which the factors learn from the original.")] = 0,
    seed: Annotated[int, typer.Option(help="Draws the text.")] = 0,
) -> None:
    """Make a base smaller: factor its linear layers where that makes them smaller."""
    from finetab.core.console import open_console
    from finetab.core.weights import base_folder

    base_folder(base)  # a wrong name should not wait for what is slow to import

    from finetab_training.compress.compression import Compression
    from finetab_training.compress.session import compressed

    compressed(Compression(base, ratio, data, plain, distil, seed), out, open_console())


def compose(
    adapters: Annotated[list[str], typer.Argument(metavar="ADAPTER ADAPTER...", help="Names or folders, or `base`.")],
    out: Annotated[Path, typer.Option(help="The folder of the adapter to be.")],
    method: Annotated[str, typer.Option(help="cat, svd, linear, ties, dare_ties, ...; see docs/peft.md.")] = "cat",
    weights: Annotated[str, typer.Option(help="One a adapter, as 0.7,0.3; else equal shares of one.")] = "",
    rank: Annotated[int, typer.Option(min=0, help="Of svd; else the largest of theirs.")] = 0,
    density: Annotated[float, typer.Option(help="The share of changes that ties and dare leave.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Draws what dare leaves out.")] = 0,
    search: Annotated[Path | None, typer.Option(help="Look for the weights that do best on a holes file.")] = None,
    tries: Annotated[int, typer.Option(min=1, help="Weights to try in a search.")] = 24,
) -> None:
    """Make one adapter of several of the same base."""
    from finetab.adapters.parents import parse_weights, read_parents
    from finetab_training.data.hole import read_holes

    parents = read_parents(adapters, parse_weights(weights))
    holes = read_holes(search) if search else ()

    from finetab.core.console import open_console
    from finetab_training.compose.composition import Composition, check_free
    from finetab_training.compose.composition import compose as run_compose
    from finetab_training.compose.session import searched

    composition = Composition(method, rank, density, seed)
    check_free(out)  # before a long search
    told = None
    if search:
        parents, found = searched(parents, composition, holes, tries, open_console(stderr=True))
        told = {"file": str(search.resolve()), **found}
    made = run_compose(parents, composition, out, told)
    shares = ", ".join(f"{each['weight']:g} of {each['adapter']}" for each in made.data["composed"]["parents"])
    typer.echo(f"{out}: {made.label}, rank {made.options['r']}, {method} of {shares}")
    typer.echo(f"measure it: finetab evaluate --adapter {out} --holes FILE.jsonl")
