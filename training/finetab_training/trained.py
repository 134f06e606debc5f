"""Which files an adapter was trained on, kept beside its weights so that no evaluation measures on them."""

from collections.abc import Iterable
from pathlib import Path

FILE_NAME = "trained_files.txt"


def write_trained(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write digest and path of each file into an adapter folder that is being built."""
    (folder / FILE_NAME).write_text("".join(f"{digest} {path}\n" for digest, path in files), "utf-8")


def trained_digests(folder: Path) -> frozenset[str]:
    """The digests of the files an adapter was trained on; empty for one that does not say."""
    path = folder / FILE_NAME
    if not path.is_file():
        return frozenset()
    return frozenset(line.split(" ", 1)[0] for line in path.read_text("utf-8").splitlines())
