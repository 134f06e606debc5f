"""The adapters on this machine: found by name or by folder, never half-written ones."""

from pathlib import Path

from finetab.adapters.listing import library_folder
from finetab.adapters.shipped import shipped_adapter
from finetab.core import manifest
from finetab.core.bases import real_name
from finetab.core.blend import is_blend
from finetab.core.home import from_home
from finetab.core.manifest import Manifest
from finetab.core.pointer import BARE, BASE, WITHOUT_ADAPTER
from finetab.core.weights import base_folder, fingerprint
from finetab.errors import BadAdapter, UnknownName, near_match
from finetab.settings import Settings

WEIGHTS = "adapter_model.safetensors"
WHOLE_WEIGHTS = "model.safetensors"
"""What an adapter of the method `full` has in place of additions."""
_STANDS_FOR = {BASE: "with the adapter that finetab ships for it, where there is one", BARE: "without any adapter"}


def list_adapters() -> list[str]:
    """Names of the adapters in the library."""
    folder = library_folder()
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob(f"[!.]*/{manifest.FILE_NAME}"))


def adapter_folder(name: str) -> Path:
    """The folder of an adapter by its name or path. Raises `UnknownName` with the near match, or `BadAdapter`."""
    if name in WITHOUT_ADAPTER:
        raise UnknownName(f'"{name}" names no adapter: it stands for the base, {_STANDS_FOR[name]}.')
    as_path = Path(from_home(name))
    if name and as_path.is_dir():
        return as_path
    if name and as_path.exists():
        raise BadAdapter(f"{as_path} is a file; an adapter is a folder with a manifest.json.")
    in_library = library_folder() / name
    if name and "/" not in name and (in_library / manifest.FILE_NAME).is_file():
        return in_library
    known = {*WITHOUT_ADAPTER, *list_adapters(), *_beside(as_path)}
    raise UnknownName(f'There is no adapter "{name}"{near_match(name, known)}')


def _beside(path: Path) -> list[str]:
    """The adapters in the folder where one was looked for, as they would be named."""
    if not path.parent.is_dir():
        return []
    folders = (weights.parent for weights in path.parent.glob(f"[!.]*/{WEIGHTS}"))
    return [str(folder) for folder in folders if (folder / manifest.FILE_NAME).is_file()]


def read_adapter(name: str) -> tuple[Path, Manifest]:
    """Folder and manifest of an adapter, or of a blend of several, whose weights are there as safetensors."""
    if is_blend(name) and not Path(name).exists():
        from finetab.adapters.blended import blended  # noqa: PLC0415 - it asks here for each

        folder = blended(name)
    else:
        folder = adapter_folder(name)
    found = manifest.read(folder)
    if not (folder / WEIGHTS).is_file() and not (folder / WHOLE_WEIGHTS).is_file():
        raise BadAdapter(f"{folder} has no {WEIGHTS}; adapters are loaded from safetensors only. Train it again.")
    return folder, found


def read_named(name: str) -> tuple[Path, Manifest]:
    """As `read_adapter`, for what only reads adapters: there `base` is the one that ships for the default base."""
    shipped = shipped_adapter(Settings().base) if name == BASE else None
    return read_adapter(str(shipped) if shipped else name)


def chosen(settings: Settings) -> tuple[Path, tuple[Path, Manifest] | None]:
    """The base's folder and, where the settings name one, the adapter with its manifest, which fits that base.

    Quick, and to be asked before anything slow: raises `FinetabError` for what is missing or does not fit.
    """
    if settings.adapter == BARE:
        return base_folder(settings.base), None
    if settings.adapter == BASE:
        return _as_it_comes(settings.base)
    adapter = read_adapter(settings.adapter)
    folder = base_folder(settings.base)
    manifest.check_base(adapter[1], real_name(settings.base), fingerprint(folder))
    return folder, adapter


def _as_it_comes(base: str) -> tuple[Path, tuple[Path, Manifest] | None]:
    """A base's folder, with the adapter that ships for it; alone where its weights are not those it was made for."""
    folder, shipped = base_folder(base), shipped_adapter(base)
    if shipped is None:
        return folder, None
    found = read_adapter(str(shipped))
    return folder, found if found[1].base_fingerprint == fingerprint(folder) else None
