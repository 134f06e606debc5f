"""Which adapter a folder has in force: a small file that promotion writes and every running server watches.

FOLDER/.finetab/in-force.json   {"adapter": "...", "before": [...]}, the newest of those before last
FOLDER/.finetab/adapters/       the adapters that were made for the folder; `.finetab` holds nothing to commit
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetab.core.atomic import write_text
from finetab.errors import BadFile

OWN_FOLDER = ".finetab"
BASE = "base"
_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Pointer:
    """The adapter in force, by its folder or name, or `base`; and those that were before it."""

    adapter: str = BASE
    before: tuple[str, ...] = ()

    def moved_to(self, adapter: str) -> "Pointer":
        """The pointer after another adapter has been put in force."""
        return Pointer(adapter, (*self.before, self.adapter)[-_REMEMBERED:]) if adapter != self.adapter else self

    def moved_back(self) -> "Pointer | None":
        """The pointer as it was before, None where there was nothing."""
        return Pointer(self.before[-1], self.before[:-1]) if self.before else None


def pointer_path(folder: Path) -> Path:
    """The file that says what is in force."""
    return folder / OWN_FOLDER / "in-force.json"


def adapters_of(folder: Path) -> Path:
    """Where the adapters that were made for a folder are kept."""
    return folder / OWN_FOLDER / "adapters"


def read_pointer(folder: Path) -> Pointer:
    """What is in force; the base where nothing was ever put in force. Raises `BadFile` where the file is damaged."""
    path = pointer_path(folder)
    try:
        return _parsed(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return Pointer()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path} cannot be read ({error}); delete it, and promote the adapter again.") from error


def write_pointer(folder: Path, pointer: Pointer) -> None:
    """Put what the pointer says in force, whole or not at all; git is told to look away from `.finetab`."""
    own = folder / OWN_FOLDER
    own.mkdir(parents=True, exist_ok=True)
    if not (own / ".gitignore").exists():
        write_text(own / ".gitignore", "*\n")
    write_text(pointer_path(folder), json.dumps(asdict(pointer), indent=2) + "\n")


def resolved(folder: Path, adapter: str) -> str:
    """A pointer's adapter as settings name it: the path of one that was made for the folder, else its name."""
    own = adapters_of(folder) / adapter
    return str(own) if adapter != BASE and own.is_dir() else adapter


def _parsed(raw: Any) -> Pointer:
    names = (raw["adapter"], *raw["before"])
    if not all(isinstance(name, str) and name for name in names):
        raise TypeError("an adapter's name must be text")
    return Pointer(names[0], tuple(names[1:]))
