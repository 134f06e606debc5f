"""The split by time: train on a repository as it was at a commit, measure on the lines that came later.

A line that is much like one that stood in the file before (renamed, re-indented, a number changed) is not new.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetab.core.git import generated_files
from finetab.errors import BadInput
from finetab_training.data import git
from finetab_training.data.alike import is_like_one_of
from finetab_training.data.filters import is_named_like_code
from finetab_training.data.git import Lines
from finetab_training.data.sources import RawFile, Source, at_commit

_SHARE_AFTER_CUT = 0.1  # of all lines of code ever added, where the cut is `auto`
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
    found = auto_cut(folder) if cut == "auto" else git.resolve(folder, cut)
    lines = git.new_lines(folder, found, head) if found else {}
    lines = {name: lines[name] for name in _code(folder, lines)}
    if not lines and cut != "auto":
        raise BadInput(f"No line of code was added to {folder} after {cut}; name an earlier commit or date.")
    return History(folder, found, head, lines) if found and lines else None


def auto_cut(folder: Path) -> str | None:
    """The newest commit after which about a tenth of all code ever added came; None where history is too short."""
    log = git.added_lines(folder)
    code = _code(folder, {name for _, added in log for name in added})
    counted = ((commit, sum(added[name] for name in added.keys() & code)) for commit, added in log)
    commits = [each for each in counted if each[1]]
    wanted, after = _SHARE_AFTER_CUT * sum(lines for _, lines in commits), 0
    for commit, lines in commits[:-1]:  # the first commit brings everything, so nothing could be trained on before it
        if after >= wanted:
            return commit
        after += lines
    return commits[-1][0] if len(commits) > 1 else None


def _code(folder: Path, names: Iterable[str]) -> set[str]:
    """Those files that a corpus would take, by their names and what the repository says of them."""
    named = [name for name in names if is_named_like_code(name)]
    return set(named) - generated_files(folder, named)


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
