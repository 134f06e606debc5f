"""What an adapter was trained on, kept beside its weights so that no evaluation measures on it.

trained_files.json   the digest of each file's content by its source and path; in older adapters by its path alone
trained_lines.npy    64-bit hashes of the lines that are long enough to tell, sorted, each once
"""

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from finetab.core import manifest
from finetab.errors import BadAdapter
from finetab_training.data.alike import is_like_one_of
from finetab_training.data.source_file import SourceFile

_FILES = "trained_files.json"
_LINES = "trained_lines.npy"
_DIGITS, _BLANK = re.compile(r"\d+"), re.compile(r"\s+")
_MIN_TELLING = 12  # characters; shorter lines (`else:`, `return x`) stand everywhere


@dataclass(frozen=True, slots=True)
class Trained:
    """The files and lines of a training run. Lines are known by their hashes alone."""

    files: dict[str, str] = field(default_factory=dict)
    """The digest of each file's content by its name, `SOURCE:PATH`."""
    lines: frozenset[int] = frozenset()
    texts: tuple[str, ...] = ()
    """Lines themselves, where they are at hand: then what is much like one of them is known as well."""

    def with_texts(self, files: Iterable[SourceFile]) -> "Trained":
        """The same, with the lines of those of these files that were trained on."""
        digests = set(self.files.values())
        lines = (line for file in files if file.digest in digests for line in _telling(file.text))
        return replace(self, texts=tuple(dict.fromkeys(lines)))

    def has_file(self, file: SourceFile, same_folder: bool) -> bool:
        """Whether this content was trained on, or, in the folder trained on, an older state of this file."""
        names = (_name(file), file.path) if same_folder else ()
        return file.digest in self.files.values() or any(name in self.files for name in names)

    def has_text(self, text: str) -> bool:
        """Whether half of a text or more was trained on, or nearly, by its lines that are long enough to tell."""
        telling = list(_telling(text))
        known = sum(len(line) for line in telling if self._has(line))
        return bool(telling) and 2 * known >= sum(map(len, telling))

    def _has(self, line: str) -> bool:
        return _hash(line) in self.lines or is_like_one_of(line, self.texts)

    def joined(self, before: "Trained") -> "Trained":
        """This after that: a file that both have counts as it was seen last."""
        return Trained({**before.files, **self.files}, self.lines | before.lines)


def trained_on(files: Iterable[SourceFile]) -> Trained:
    """What a run that trains on these files will have seen."""
    digests: dict[str, str] = {}
    lines: set[int] = set()
    for file in files:  # one at a time: a dataset's files are made as they are asked for
        digests[_name(file)] = file.digest
        lines.update(_hash(line) for line in _telling(file.text))
    return Trained(digests, frozenset(lines))


def _name(file: SourceFile) -> str:
    """Two sources may have files of the same path."""
    return f"{file.source}:{file.path}" if file.source else file.path


def _telling(text: str) -> Iterable[str]:
    return (line.strip() for line in text.splitlines() if len(line.strip()) >= _MIN_TELLING)


def _hash(line: str) -> int:
    line = _BLANK.sub("", _DIGITS.sub("0", line))  # another indentation or number makes no new line
    return int.from_bytes(sha256(line.encode("utf-8", "replace")).digest()[:8], "big")


def write_trained(folder: Path, trained: Trained) -> None:
    """Write both files into an adapter folder that is being built."""
    (folder / _FILES).write_text(json.dumps(trained.files, indent=1) + "\n", "utf-8")
    np.save(folder / _LINES, np.array(sorted(trained.lines), dtype=np.uint64))


def copy_trained(folder: Path, target: Path) -> None:
    """Put what one folder says into another."""
    for name in (_FILES, _LINES):
        shutil.copyfile(folder / name, target / name)


def read_trained(folder: Path) -> Trained:
    """What an adapter, or each of a blend, was trained on. Raises `BadAdapter` when its folder does not say."""
    if not (folder / _FILES).exists():
        parents = manifest.read(folder).data.get("composed", {}).get("parents", ())
        if places := [Path(parent["folder"]) for parent in parents if "folder" in parent]:
            return read_all_trained(places)
    try:
        files = dict(json.loads((folder / _FILES).read_text("utf-8")))
        lines = np.load(folder / _LINES, allow_pickle=False)
        return Trained(files, frozenset(lines.tolist()))
    except (OSError, ValueError, TypeError) as error:
        raise BadAdapter(
            f"{folder} does not say what it was trained on ({error}), so it cannot be measured on unseen code; "
            "train it again."
        ) from error


def read_all_trained(folders: Iterable[Path]) -> Trained:
    """What any of several adapters was trained on."""
    trained = Trained()
    for folder in folders:
        trained = trained.joined(read_trained(folder))
    return trained
