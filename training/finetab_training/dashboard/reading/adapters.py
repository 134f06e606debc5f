"""The adapters that can be tried in a folder: those made for it, those of its runs, and those of this machine."""

from dataclasses import dataclass
from pathlib import Path

from finetab.adapters.listing import library_folder
from finetab.core import manifest
from finetab.core.pointer import adapters_of
from finetab.errors import BadAdapter
from finetab_training.dashboard.reading.found import find_runs


@dataclass(frozen=True, slots=True)
class KnownAdapter:
    """An adapter on this machine."""

    folder: Path
    label: str
    """Name and version: one that is trained again has another one."""
    base: str


def find_adapters(root: Path) -> list[KnownAdapter]:
    """Each adapter once, those of the latest runs first."""
    folders = [run.adapter for run in find_runs(root)[0]]
    for place in (adapters_of(root), library_folder()):
        folders += sorted(path.parent for path in place.glob(f"[!.]*/{manifest.FILE_NAME}"))
    found = (_read(folder) for folder in dict.fromkeys(folders))
    return [adapter for adapter in found if adapter is not None]


def _read(folder: Path) -> KnownAdapter | None:
    try:
        told = manifest.read(folder)
    except BadAdapter:  # not written yet, or damaged: nothing to try
        return None
    return KnownAdapter(folder, told.label, told.base_name)
