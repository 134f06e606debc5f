"""Back to what was in force in a folder before: what is gone by now is passed over, and told."""

from dataclasses import dataclass
from pathlib import Path

from finetab.core.blend import names_in
from finetab.core.pointer import WITHOUT_ADAPTER, read_pointer, resolved, write_pointer
from finetab.errors import BadAdapter, FinetabError


@dataclass(frozen=True, slots=True)
class Rollback:
    """What was in force and what is now, as the pointer names them."""

    was: str
    now: str
    gone: tuple[str, ...] = ()
    """Those between the two, which are not there any more or cannot be read."""

    @property
    def passed_over(self) -> str:
        """A sentence for the user on what is gone, "" where nothing is."""
        return f"No longer there, and passed over: {', '.join(self.gone)}." if self.gone else ""


def roll_back(folder: Path) -> Rollback | None:
    """Put in force what was before and is there still; None where nothing was before.

    Raises `BadAdapter` where all that was before is gone, and `BadFile` for a damaged pointer.
    """
    was = now = read_pointer(folder)
    gone: list[str] = []
    while (before := now.moved_back()) is not None:
        now = before
        if _is_there(resolved(folder, now.adapter)):
            write_pointer(folder, now)
            return Rollback(was.adapter, now.adapter, tuple(gone))
        gone.append(now.adapter)
    if not gone:
        return None
    raise BadAdapter(
        f"Nothing that was in force in {folder.resolve()} before {was.adapter} is there any more ({', '.join(gone)}); "
        "put the base in force with: finetab adapters use base"
    )


def _is_there(adapter: str) -> bool:
    from finetab.adapters.library import read_adapter  # noqa: PLC0415 - slow, and a server is to answer at once

    names = (adapter,) if Path(adapter).is_dir() else names_in(adapter)
    try:
        for name in names:
            if name not in WITHOUT_ADAPTER:
                read_adapter(name)
    except FinetabError:
        return False
    return True
