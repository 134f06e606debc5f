"""The folders of a workspace: each has settings of its own, and the model that they ask for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, TypeAlias
from zlib import crc32

from pygls.uris import to_fs_path

from finetab.completion.request import LoadService
from finetab.core.logins import logins_path
from finetab.core.pointer import Pointer, pointer_path, read_pointer, resolved
from finetab.errors import BadFile
from finetab.lsp.loading import ServiceHolder
from finetab.settings import FILE_NAME, Settings, parse_settings, read_settings, values_from
from finetab.stats.mark import mark_of

Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]


@dataclass(slots=True)
class Folder:
    """One folder; its settings are what it says itself, with what the editor says on top."""

    uri: str
    """As the editor names it; "" where there is no folder."""
    holder: ServiceHolder
    """Of what is in force."""
    rival: ServiceHolder
    """Of what answers every other line while two are compared; empty else."""
    settings: Settings = field(default_factory=Settings)
    against: Settings | None = None
    """The rival's, while two are compared."""
    asked: dict[str, Any] = field(default_factory=dict)
    """What the editor has said since it was started."""
    mark: str = ""
    """By which the statistics know it."""
    seen: Stamp = ()
    """The stamp of then."""
    _coin: float = 0.0

    @property
    def root(self) -> Path | None:
        """Where it stands, None where it is no folder of this machine."""
        path = to_fs_path(self.uri) if self.uri else None
        return Path(path) if path else None

    def read(self, options: Mapping[str, Any]) -> list[str]:
        """Take the settings anew, the editor's first ones included; every fault in them as a sentence."""
        self.seen, self.mark = self.stamp(), mark_of(self.root)
        own, faults = _own_settings(self.root)
        settings, more = parse_settings(self._meant_here(options), own)
        self.settings, most = parse_settings(self._meant_here(self.asked), settings)
        pointer = _pointer(self.root)
        self._coin = pointer.since
        self.against = None
        if self.root is not None and pointer.against and self.settings.adapter == resolved(self.root, pointer.adapter):
            self.against = replace(self.settings, adapter=resolved(self.root, pointer.against))
        return [*faults, *more, *most]

    def _meant_here(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        return raw if self.root is None else values_from(self.root, raw)

    def holder_at(self, path: str, line: int) -> ServiceHolder:
        """Who answers on a line: while two are compared a coin says so, the same for the line as long as they are."""
        if self.rival.service is None or not crc32(f"{self._coin}/{path}/{line}".encode()) & 1:
            return self.holder
        return self.rival

    @property
    def holders(self) -> tuple[ServiceHolder, ServiceHolder]:
        """Both."""
        return self.holder, self.rival

    def close(self) -> None:
        """Free the models."""
        for holder in self.holders:
            holder.close()

    def stamp(self) -> Stamp:
        """Changes when one of the files changes that say what is to be loaded, and whether it may. Touches the disk."""
        root = self.root
        own = () if root is None else (root / FILE_NAME, pointer_path(root))
        return tuple(_stamp(path) for path in (logins_path(), *own))


def _own_settings(root: Path | None) -> tuple[Settings, list[str]]:
    if root is None:
        return Settings(), []
    try:
        return read_settings(root)
    except OSError as error:
        return Settings(), [f"The settings of {root} cannot be read ({error.strerror}); defaults are used."]


def _pointer(root: Path | None) -> Pointer:
    """What is in force; a damaged file has been told already."""
    try:
        return Pointer() if root is None else read_pointer(root)
    except BadFile:
        return Pointer()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Folders:
    """All folders that are open in the editor, or one without a place where none is. Used on the event loop."""

    def __init__(self, load: LoadService) -> None:
        self.options: dict[str, Any] = {}
        """The editor's first settings, for all folders."""
        self._asked: dict[str, Any] = {}
        self._load = load
        self._all = [self._folder("")]

    def __iter__(self) -> Iterator[Folder]:
        return iter(tuple(self._all))

    @property
    def main(self) -> Folder:
        """The first one: what stands in no folder is completed as if it stood there."""
        return self._all[0]

    def of(self, path: str) -> Folder:
        """The innermost folder that holds a file."""
        parents = PurePath(path).parents
        holding = [folder for folder in self._all if folder.root is not None and folder.root in parents]
        return max(holding, key=lambda folder: len(folder.uri), default=self.main)

    def ask(self, values: dict[str, Any]) -> None:
        """Settings that the editor has sent for all folders, also those to come, in place of what it sent before."""
        self._asked = values
        for folder in self._all:
            folder.asked = values

    def change(self, added: Iterable[str], removed: Iterable[str]) -> None:
        """Open and close folders; the models of those that are closed are freed."""
        gone = {"", *removed}  # the place of no folder makes way as well, or is made anew
        for folder in self._all:
            if folder.uri in gone:
                folder.close()
        kept = [folder for folder in self._all if folder.uri not in gone]
        known = {folder.uri for folder in kept}
        new = [self._folder(uri) for uri in dict.fromkeys(added) if uri not in known]
        self._all = [*kept, *new] or [self._folder("")]

    def close(self) -> None:
        """Free all models."""
        for folder in self._all:
            folder.close()

    def _folder(self, uri: str) -> Folder:
        return Folder(uri, ServiceHolder(self._load), ServiceHolder(self._load), asked=self._asked)
