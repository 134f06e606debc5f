"""The workspace folder as an option of several commands."""

from pathlib import Path
from typing import Annotated

import typer

from finetab.core.home import from_home
from finetab.errors import BadFile


def _workspace(path: Path) -> Path:
    folder: Path = from_home(path)
    if not folder.is_dir():
        raise BadFile(f"{folder} is a file; name a folder." if folder.exists() else f"There is no folder {folder}.")
    return folder


FolderOption = Annotated[Path, typer.Option("--folder", help="The workspace folder.", callback=_workspace)]
