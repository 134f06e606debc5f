"""The adapters that come with finetab itself: at most one for a base, in a folder of the base's name.

Its manifest calls it `base`, so that statistics count it as what answers where nobody has tuned anything.
"""

from pathlib import Path

from finetab.core import manifest
from finetab.core.bases import known_base, real_name

FOLDER = Path(__file__).parent.parent / "shipped"


def shipped_adapter(base: str) -> Path | None:
    """The folder of the adapter that ships for a base, None where there is none."""
    known = known_base(real_name(base))
    folder = FOLDER / known.name if known else None
    return folder if folder and (folder / manifest.FILE_NAME).is_file() else None
