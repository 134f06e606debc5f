"""Paths that are typed as options: `~` is the home folder, also in `--folder=~/x`, where no shell sees to it."""

from pathlib import Path
from typing import Annotated

import typer

from finetab.errors import BadFile


def expanded(path: Path | None) -> Path | None:
    """A path with `~` as the home folder; for the callback of an option. Raises `BadFile` for an unknown user's."""
    try:
        return path and path.expanduser()
    except RuntimeError as error:
        raise BadFile(f"{path} names no home folder that is known here; write the whole path.") from error


def _workspace(path: Path) -> Path:
    folder = expanded(path) or path
    if not folder.is_dir():
        raise BadFile(f"{folder} is a file; name a folder." if folder.exists() else f"There is no folder {folder}.")
    return folder


FolderOption = Annotated[Path, typer.Option("--folder", help="The workspace folder.", callback=_workspace)]
