"""What a git repository says of its past: its files now and at a commit, and the lines added since a commit.

A folder that is no repository, or a machine without git, gives None or a `BadInput`.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from finetab.core.git import names_in, run
from finetab.errors import BadInput

_HUNK = re.compile(r"^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
# Whatever the user's own settings say.
_PLAIN = ("--no-color", "--relative", "--no-ext-diff", "--no-textconv", "--inter-hunk-context=0", "--dst-prefix=b/")
_FILE_MODE = "100"  # as ls-tree gives it: 100644 and 100755; a link is 120000, a submodule 160000
MOST_BYTES = 8_000_000
"""What is read of one file: more than any filter lets pass, and little enough to hold."""


def listed_files(folder: Path) -> list[str] | None:
    """The tracked and not ignored files of a folder in a repository; None where there is none, or no git."""
    listed = run(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return names_in(listed) or None


def files_at(folder: Path, commit: str) -> list[str]:
    """The tracked files below a folder at a commit, relative to the folder; links and submodules are none."""
    entries = (entry.split("\t", 1) for entry in names_in(run(folder, "ls-tree", "-r", "-z", commit)))
    return [name for told, name in entries if told.startswith(_FILE_MODE)]


def resolve(folder: Path, revision: str) -> str:
    """The full hash of a commit, tag or date. Raises `BadInput` where there is none."""
    found = run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found is None and re.match(r"\d{4}-\d\d-\d\d", revision):
        found = run(folder, "rev-list", "-1", f"--before={revision}", "HEAD")
    if not found:
        raise BadInput(f"The repository {folder} has no commit or tag {revision!r}, and no commit before such a date.")
    return found.decode().strip()


def head(folder: Path) -> str | None:
    """The commit that is checked out, None without a repository or a commit."""
    found = run(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    return found.decode().strip() if found else None


def added_lines(folder: Path) -> list[tuple[str, dict[str, int]]]:
    """The commits below a folder, the newest first, each with the number of lines that it added, by file."""
    form = ("--numstat", "-z", "-M", "--relative", "--format=%x01%H")
    log = run(folder, "log", "--first-parent", *form, "--", ".")
    blocks = (log or b"").decode("utf-8", "surrogateescape").split("\1")[1:]
    return [(commit, _numbers(told)) for commit, _, told in (block.partition("\0") for block in blocks)]


def _numbers(told: str) -> dict[str, int]:
    """What `--numstat -z` says of one commit: added, deleted and path of each file, two paths of one that moved."""
    fields = iter(told.removeprefix("\n").split("\0"))
    found: dict[str, int] = {}
    for entry in filter(None, fields):
        added, _, path = entry.split("\t", 2)
        if not path:
            _, path = next(fields), next(fields)
        found[path] = int(added) if added.isdecimal() else 0  # "-" of a binary file
    return found


def contents(folder: Path, commit: str, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Names with the bytes that they held at a commit, one after the other through one process."""
    command = ["git", "-C", str(folder), "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in names:
            if "\n" not in name:  # the protocol is by lines; such names are no source files
                process.stdin.write(f"{commit}:./{name}\n".encode("utf-8", "surrogateescape"))
                process.stdin.flush()
                yield name, _object(process.stdout)
        process.stdin.close()


def _object(answers: IO[bytes]) -> bytes:
    header = answers.readline().split()
    if len(header) != 3 or not header[2].isdigit():
        return b"\0"  # a submodule or a missing object: no text
    left = int(header[2]) + 1  # and the newline after it
    data = answers.read(min(left - 1, MOST_BYTES))
    left -= len(data)
    while left:
        left -= len(answers.read(min(left, MOST_BYTES)))
    return data if header[1] == b"blob" else b"\0"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file, from 1: the first and how many."""

    first: int
    count: int


def new_lines(folder: Path, commit: str, until: str) -> dict[str, list[Lines]]:
    """By file, the lines that came between two commits; a file that only moved has none."""
    diff = run(folder, "diff", "-U0", "-M", "-w", *_PLAIN, commit, until)
    found: dict[str, list[Lines]] = {}
    name, left = "", 0
    for line in (diff or b"").decode("utf-8", "replace").split("\n"):
        if left:  # inside of a hunk, where an added `++ count;` reads like the header of a file
            left -= line.startswith(("-", "+"))
        elif line.startswith("+++ "):
            name = line.removeprefix("+++ ").removeprefix("b/").rstrip("\t")
        elif hunk := _HUNK.match(line):
            deleted, added = (int(count or 1) for count in (hunk[1], hunk[3]))
            left = deleted + added
            if added:
                found.setdefault(name, []).append(Lines(int(hunk[2]), added))
    return found
