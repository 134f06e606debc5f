"""`finetab ab`: two adapters at the same desk, line by line, and what became of the suggestions of each."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from finetab.adapters.library import read_adapter
from finetab.core.blend import called
from finetab.core.pointer import BASE, WITHOUT_ADAPTER, kept_as, local_time, read_pointer, resolved, write_pointer
from finetab.errors import BadInput
from finetab.folder_option import FolderOption
from finetab.settings import outranked

ab_app = typer.Typer(no_args_is_help=True, help="Compare what is in force with another adapter while you work.")


@ab_app.command()
def start(
    other: Annotated[str, typer.Argument(help="An adapter's name or folder, or `base`.")] = BASE,
    folder: FolderOption = Path(),
) -> None:
    """Let another adapter, or the base, answer half of the lines."""
    pointer, other = read_pointer(folder), kept_as(folder, other)
    if pointer.against:
        raise BadInput(
            f"{pointer.adapter} and {pointer.against} are compared in {folder.resolve()} since "
            f"{local_time(pointer.since)}; end that first with: finetab ab stop"
        )
    if called(other) == called(pointer.adapter):
        raise BadInput(
            f'"{other}" is what is in force in {folder.resolve()}, or has its name; '
            "name another one to compare it with."
        )
    if other not in WITHOUT_ADAPTER:
        read_adapter(resolved(folder, other))
    write_pointer(folder, replace(pointer, against=other, since=time.time()))
    typer.echo(f"{pointer.adapter} and {other} take turns in {folder.resolve()}; look with: finetab ab report")
    tell_outranked(folder)


@ab_app.command()
def stop(folder: FolderOption = Path()) -> None:
    """Let what is in force answer everything again."""
    pointer = read_pointer(folder)
    if not pointer.against:
        raise BadInput(f"Nothing is compared in {folder.resolve()}; begin with: finetab ab start")
    write_pointer(folder, pointer.alone())
    typer.echo(f"{pointer.adapter} answers alone in {folder.resolve()}; what was found stays: finetab ab report")


@ab_app.command()
def report(
    folder: FolderOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Print what was shown, accepted and kept of each, and whether the difference is more than chance.

    Where nothing is compared any more, it is of the last comparison in the folder.
    """
    from finetab.stats.database import database_path, read_rows
    from finetab.stats.mark import mark_of
    from finetab.stats.trial import compare_sides

    comparison = read_pointer(folder).comparison
    if comparison is None:
        raise BadInput(f"Nothing was ever compared in {folder.resolve()}; begin with: finetab ab start")
    found = compare_sides(read_rows(database_path()), mark_of(folder), comparison)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _show(found)
    if comparison.until is None:
        tell_outranked(folder)


def tell_outranked(folder: Path) -> None:
    """Say it where what is in force by the folder's pointer is not what its `finetab.toml` names."""
    if sentence := outranked(folder):
        typer.echo(sentence, err=True)


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    from finetab.core.console import open_console

    table = Table("", "shown", "accepted", "rate % (95%)", "characters kept", "each", box=None)
    for name, side in zip(found["names"], (found["one"], found["other"]), strict=True):
        rate = side["acceptance"]
        told = "-" if rate is None else f"{100 * rate['rate']:.0f} ({100 * rate['low']:.0f}-{100 * rate['high']:.0f})"
        each = "-" if side["characters_each"] is None else f"{side['characters_each']:.1f}"
        table.add_row(name, str(side["shown"]), str(side["accepted"]), told, str(side["characters_kept"]), each)
    console = open_console()
    until = f"until {local_time(found['until'])}" if found["until"] else "and still being compared"
    console.print(f"since {local_time(found['since'])}, {until}", highlight=False)
    console.print(table)
    for what, label, scale in (("acceptance", "accepted, in points", 100), ("characters", "characters kept each", 1)):
        console.print(f"{label}: {_verdict(found[what], scale)}", highlight=False)


def _verdict(difference: dict[str, float] | None, scale: int) -> str:
    if difference is None:
        return "nothing to compare yet"
    mean, low, high = (scale * difference[key] for key in ("mean", "low", "high"))
    sure = "more" if low > 0 else "less" if high < 0 else "no sure difference"
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]: {sure}"
