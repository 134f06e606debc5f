"""What git says of files: which it ignores, and which a repository calls generated.

Git is run as a program; where it or a repository is missing, or git says no, it has said nothing.
"""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

_MARKS = ("linguist-generated", "linguist-vendored")
# No program that a repository's own settings name is run.
_COMMAND = ("git", "-c", "core.quotepath=off", "-c", "core.fsmonitor=false")


def run(
    folder: Path,
    *arguments: str,
    stdin: bytes | None = None,
    timeout_s: float | None = None,
    answers: tuple[int, ...] = (0,),
) -> bytes | None:
    """What git prints for a folder, None where git or the repository is missing, says no or takes too long.

    `answers` are the exit statuses that are no refusal.
    """
    command = [*_COMMAND, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=timeout_s)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode in answers else None


def names_in(listed: bytes | None) -> list[str]:
    """The names in a list that NULs end."""
    return [name for name in (listed or b"").decode("utf-8", "surrogateescape").split("\0") if name]


def repository_of(path: Path) -> Path | None:
    """The nearest folder above a file that is a repository, or a submodule of one."""
    return next((folder for folder in path.parents if os.path.exists(folder / ".git")), None)


def ignored_files(folder: Path, names: Iterable[str], timeout_s: float | None = None) -> frozenset[str] | None:
    """Those of a repository's files that are ignored, None where git does not say; a tracked one never is."""
    none_is_ignored = 1
    said = run(
        folder, "check-ignore", "-z", "--stdin", stdin=_asked(names), timeout_s=timeout_s, answers=(0, none_is_ignored)
    )
    return None if said is None else frozenset(names_in(said))


def generated_files(folder: Path, names: Iterable[str], timeout_s: float | None = None) -> frozenset[str]:
    """Those files that `.gitattributes` call generated or vendored, as code hosts read them."""
    fields = names_in(run(folder, "check-attr", "-z", "--stdin", *_MARKS, stdin=_asked(names), timeout_s=timeout_s))
    triples = zip(fields[::3], fields[1::3], fields[2::3], strict=False)
    return frozenset(name for name, _, value in triples if value in ("set", "true"))


def _asked(names: Iterable[str]) -> bytes:
    return "\0".join(names).encode("utf-8", "surrogateescape")
