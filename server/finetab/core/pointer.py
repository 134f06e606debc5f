"""Which adapter a folder has in force: a small file that promotion writes and every running server watches.

FOLDER/.finetab/in-force.json   {"adapter": "...", "before": [...], "against": "...", "since": 0.0, "ended": null}
FOLDER/.finetab/adapters/       the adapters that were made for the folder; `.finetab` holds nothing to commit
"""

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from finetab.core.atomic import write_text
from finetab.core.blend import renamed
from finetab.core.home import from_home
from finetab.errors import BadFile

OWN_FOLDER = ".finetab"
BASE = "base"
"""The base as it comes: with the adapter that finetab ships for it, where there is one."""
BARE = "none"
"""The base alone."""
WITHOUT_ADAPTER = (BASE, BARE)
"""What an adapter's place may say without naming one."""
_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two that take turns at the desk, or took turns until a time; both in seconds since 1970."""

    one: str
    other: str
    since: float
    until: float | None = None


def local_time(seconds: float) -> str:
    """When a comparison began or ended, for people."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


@dataclass(frozen=True, slots=True)
class Pointer:
    """The adapter in force, by its folder or name, or several as a blend, or `base`."""

    adapter: str = BASE
    before: tuple[str, ...] = ()
    """Those that were in force before it, the newest last."""
    against: str = ""
    """Who answers every other line while two are compared at the desk; "" while none are."""
    since: float = 0.0
    """When that began, in seconds since 1970."""
    ended: Comparison | None = None
    """The last one that has ended."""

    @property
    def comparison(self) -> Comparison | None:
        """The one that runs, else the last one that has ended."""
        return Comparison(self.adapter, self.against, self.since) if self.against else self.ended

    def alone(self) -> "Pointer":
        """The pointer after the comparison that runs, if one does, has ended now."""
        ended = Comparison(self.adapter, self.against, self.since, time.time())
        return replace(self, against="", since=0.0, ended=ended) if self.against else self

    def moved_to(self, adapter: str) -> "Pointer":
        """The pointer after another adapter has been put in force, which ends a comparison."""
        before = (*self.before, self.adapter)[-_REMEMBERED:]
        return replace(self.alone(), adapter=adapter, before=before) if adapter != self.adapter else self

    def moved_back(self) -> "Pointer | None":
        """The pointer as it was before, None where there was nothing; a comparison ends."""
        return replace(self.alone(), adapter=self.before[-1], before=self.before[:-1]) if self.before else None


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
    """Put what the pointer says in force, whole or not at all."""
    make_own_folder(folder)
    write_text(pointer_path(folder), json.dumps(asdict(pointer), indent=2) + "\n")


def make_own_folder(folder: Path) -> None:
    """Make the place for what finetab keeps of a folder, and tell git to look away from it."""
    ignore = folder / OWN_FOLDER / ".gitignore"
    ignore.parent.mkdir(parents=True, exist_ok=True)
    if not ignore.exists():
        write_text(ignore, "*\n")


def resolved(folder: Path, adapter: str) -> str:
    """An adapter, or each of a blend, as settings name it: the path of one made for the folder, else its name."""
    return renamed(adapter, lambda name: _resolved(folder, name))


def _resolved(folder: Path, name: str) -> str:
    own = adapters_of(folder) / name
    return str(own) if name not in WITHOUT_ADAPTER and _is_folder(own) else name


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no name of a file at all: too long, or with a null in it
        return False


def kept_as(folder: Path, adapter: str) -> str:
    """An adapter, or each of a blend, as the pointer is to keep it: one made for the folder and one of the library by
    its name, any other by its whole path, since a server stands elsewhere than who names it."""
    return renamed(adapter, lambda name: _kept_as(folder, name))


def _kept_as(folder: Path, name: str) -> str:
    path = Path(from_home(_resolved(folder, name)))
    if name in WITHOUT_ADAPTER or not path.is_dir():
        return name
    whole = Path(os.path.abspath(path))  # a link stays one
    return whole.name if whole.parent == Path(os.path.abspath(adapters_of(folder))) else str(whole)


def _parsed(raw: Any) -> Pointer:
    names = (raw["adapter"], *raw["before"])
    if not all(isinstance(name, str) and name for name in names):
        raise TypeError("an adapter's name must be text")
    ended = Comparison(**raw["ended"]) if raw.get("ended") else None
    return Pointer(names[0], tuple(names[1:]), str(raw.get("against", "")), float(raw.get("since", 0.0)), ended)
