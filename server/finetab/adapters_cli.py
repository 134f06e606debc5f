"""`finetab adapters`, `promote` and `rollback`: what there is, and what is in force in a folder."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetab.ab_cli import ab_app, tell_outranked
from finetab.adapters.library import adapter_folder, read_adapter, read_named
from finetab.adapters.listing import library_folder, manifests_in
from finetab.adapters.rollback import roll_back
from finetab.core.blend import names_in
from finetab.core.home import from_home
from finetab.core.pointer import WITHOUT_ADAPTER, adapters_of, kept_as, read_pointer, resolved, write_pointer
from finetab.errors import BadAdapter, BadInput
from finetab.folder_option import FolderOption

if TYPE_CHECKING:
    from finetab.core.manifest import Manifest

adapters_app = typer.Typer(
    no_args_is_help=True, help="The adapters of this folder and of this machine: list, show, use, roll back, remove."
)
_NAME = Annotated[str, typer.Argument(help="An adapter's name or folder; `base` as it comes, `none` for it alone.")]


def add_commands(app: typer.Typer) -> None:
    """Both groups, and the two commands that are needed most."""
    app.add_typer(adapters_app, name="adapters")
    app.add_typer(ab_app, name="ab")
    app.command()(promote)
    app.command()(rollback)
    adapters_app.command()(rollback)


@adapters_app.command("list")
def list_all(folder: FolderOption = Path()) -> None:
    """List the adapters of the folder and of the machine, and which one is in force here."""
    from rich.table import Table

    from finetab.core.console import open_console

    in_force = read_pointer(folder).adapter
    table = Table("", "adapter", "made", "base", "method", "gate", box=None)
    for place in (adapters_of(folder), library_folder()):
        for manifest in manifests_in(place):
            mark = "*" if manifest.name in names_in(in_force) else ""
            made = str(manifest.created)[:10]
            table.add_row(mark, manifest.label, made, manifest.base_name, manifest.method, _gate(manifest))
    console = open_console()
    if table.row_count:
        console.print(table)
    console.print(f"in force in {folder.resolve()}: {in_force}", highlight=False)
    tell_outranked(folder)


@adapters_app.command()
def show(name: _NAME, folder: FolderOption = Path()) -> None:
    """Print what is known of an adapter: its whole manifest."""
    from dataclasses import asdict

    typer.echo(json.dumps(asdict(read_named(resolved(folder, name))[1]), indent=2, ensure_ascii=False))


@adapters_app.command()
def use(name: _NAME, folder: FolderOption = Path()) -> None:
    """Put an adapter, or the base, in force in a folder, whatever its gate has said."""
    _put_in_force(folder, name)


@adapters_app.command()
def remove(name: _NAME, folder: FolderOption = Path()) -> None:
    """Delete an adapter's folder."""
    found, pointer = adapter_folder(resolved(folder, name)), read_pointer(folder)
    if _is_among(found, folder, (pointer.adapter,)):
        raise BadInput(f'"{name}" is in force in {folder.resolve()}; run finetab rollback first.')
    if _is_among(found, folder, (pointer.against,)):
        raise BadInput(f'"{name}" answers half of the lines in {folder.resolve()}; run finetab ab stop first.')
    read_adapter(str(found))  # what is no adapter is not deleted
    was_before = _is_among(found, folder, pointer.before)
    shutil.rmtree(found)
    typer.echo(f"removed {found}" + ("; finetab rollback passes over it" if was_before else ""))


def promote(
    name: _NAME,
    folder: FolderOption = Path(),
    force: Annotated[bool, typer.Option("--force", help="Even if its gate did not let it pass.")] = False,
) -> None:
    """Put an adapter in force in a folder if its gate has let it pass."""
    if name in WITHOUT_ADAPTER:
        raise BadInput(f'"{name}" has no gate to pass; put it in force with: finetab adapters use {name}')
    manifest = read_adapter(resolved(folder, name))[1]
    gate = _gate(manifest)
    if gate != "passed" and not force:
        raise BadAdapter(
            f"{manifest.label} is not promoted: its gate says {gate}. Look at it with: finetab adapters show {name}; "
            "or take it all the same with --force."
        )
    _put_in_force(folder, name)


def rollback(folder: FolderOption = Path()) -> None:
    """Put in force again what was before."""
    moved = roll_back(folder)
    if moved is None:
        raise BadInput(f"Nothing was in force in {folder.resolve()} before {read_pointer(folder).adapter}.")
    typer.echo(f"{moved.now} is in force in {folder.resolve()} again, not {moved.was}")
    if moved.gone:
        typer.echo(moved.passed_over)
    tell_outranked(folder)


def _put_in_force(folder: Path, name: str) -> None:
    pointer = read_pointer(folder).moved_to(kept_as(folder, name))
    if pointer.adapter not in WITHOUT_ADAPTER:
        read_adapter(resolved(folder, pointer.adapter))
    write_pointer(folder, pointer)
    typer.echo(f"{pointer.adapter} is in force in {folder.resolve()}; running editors follow within seconds")
    tell_outranked(folder)


def _is_among(found: Path, folder: Path, adapters: Sequence[str]) -> bool:
    """Whether a folder is that of one of some adapters of the pointer's, by whatever name or path it goes there."""
    names = {name for adapter in adapters for name in names_in(resolved(folder, adapter))} - {"", *WITHOUT_ADAPTER}
    places = (place for name in names for place in (Path(from_home(name)), library_folder() / name))
    return any(place.resolve() == found.resolve() for place in places)


def _gate(manifest: "Manifest") -> str:
    """What the gate said of an adapter, in a word."""
    decision = (manifest.evaluation or {}).get("decision")
    if decision is None:
        return "not asked"
    return "passed" if decision["passes"] else "forced" if decision["forced"] else "failed"
