"""Which adapters a folder holds. Quick to import, since a language server is to answer at once."""

from contextlib import suppress
from pathlib import Path

import platformdirs

from finetab.core import manifest
from finetab.core.manifest import Manifest
from finetab.errors import BadAdapter


def library_folder() -> Path:
    """Where adapters named without a folder are kept; `XDG_DATA_HOME` moves it."""
    return Path(platformdirs.user_data_path("finetab")) / "adapters"


def manifests_in(folder: Path) -> list[Manifest]:
    """The manifests of the adapters in a folder; what is damaged or half-written is not among them."""
    found = []
    for path in sorted(folder.glob(f"[!.]*/{manifest.FILE_NAME}")):
        with suppress(BadAdapter):
            found.append(manifest.read(path.parent))
    return found
