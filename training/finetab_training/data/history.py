"""The split by time: train on a repository as it was at a commit, measure on the lines that came later.

A line that is much like one that stood in the file before (renamed, re-indented, a number changed) is not new.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetab.errors import BadInput
from finetab_training.data import git
from finetab_training.data.alike import is_like_one_of
from finetab_training.data.git import Lines
from finetab_training.data.sources import RawFile, Source, at_commit

_MIN_LINE = 8  # characters; shorter lines are alike by nature and are judged with their neighbours


@dataclass(frozen=True, slots=True)
class History:
    """A repository cut in two."""

    folder: Path
    cut: str
    head: str
    new_lines: dict[str, list[Lines]]
    """By file, the lines that came after the cut."""

    @property
    def before(self) -> Source:
        """What may be trained on."""
        return at_commit(self.folder, self.cut)

    def after(self) -> Iterator[RawFile]:
        """The files that hold new lines, as they are now."""
        return (raw for raw in at_commit(self.folder, self.head).files if raw.path in self.new_lines)

    def old_lines(self) -> dict[str, list[str]]:
        """What stood in those files at the cut, by file, lines stripped."""
        known = set(git.files_at(self.folder, self.cut))
        names = sorted(name for name in self.new_lines if name in known)
        return {
            name: [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
            for name, data in git.contents(self.folder, self.cut, names)
        }


def open_history(folder: Path, cut: str) -> History | None:
    """The history of a repository around a cut: a commit, a tag, a date, or `auto`.

    None where there is no repository, or too little history for `auto`. Raises `BadInput` when the cut is
    nowhere in the repository, or when nothing was added after it.
    """
    head = git.head(folder)
    if head is None:
        if cut != "auto":
            raise BadInput(f"{folder} is in no git repository with commits, so it cannot be cut at {cut}.")
        return None
    found = git.auto_cut(folder) if cut == "auto" else git.resolve(folder, cut)
    lines = git.new_lines(folder, found, head) if found else {}
    if not lines and cut != "auto":
        raise BadInput(f"No line was added to {folder} after {cut}; name an earlier commit or date.")
    return History(folder, found, head, lines) if found and lines else None


def truly_new(text: str, added: Sequence[Lines], old: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """First and last of each run of added lines of a text, lines that are much like an old one left out."""
    lines = text.split("\n")
    kept: list[tuple[int, int]] = []
    for number in (number for run in added for number in range(run.first, run.first + run.count)):
        if number > len(lines) or _was_there(lines[number - 1].strip(), old):
            continue
        if kept and kept[-1][1] == number - 1:
            kept[-1] = (kept[-1][0], number)
        else:
            kept.append((number, number))
    return tuple(kept)


def _was_there(line: str, old: Sequence[str]) -> bool:
    return len(line) >= _MIN_LINE and is_like_one_of(line, old)
