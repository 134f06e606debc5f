"""A corpus on disk, as `finetab data build` leaves it and training reads it.

DATASET/train.arrow, test.arrow   one row a file; `datasets.Dataset.from_file` and `load_dataset` read them
DATASET/validation.arrow          files that choose among checkpoints; where it is missing, some of the test side do
DATASET/report.json               sources, counts, reasons, split
DATASET/dropped.jsonl             every file that was left out, with its reason
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, overload

from datasets import Dataset, Features, List, Value
from datasets.arrow_writer import ArrowWriter

from finetab.core.atomic import new_folder
from finetab.core.languages import language_by_name
from finetab.errors import BadFile
from finetab_training.data.corpus import Recipe, Tally, stream
from finetab_training.data.source_file import SourceFile
from finetab_training.data.split import Side

REPORT = "report.json"
VALIDATION = "validation"
_SIDES: tuple[Side, ...] = ("train", "test")
_TEXT = Value("string")
_FEATURES = Features({
    "path": _TEXT, "language": _TEXT, "text": _TEXT, "source": _TEXT, "licence": _TEXT,
    "new_lines": List(List(Value("int32"))),
})  # fmt: skip


class Files(Sequence[SourceFile]):
    """One side of a dataset, memory-mapped: a file is made when it is asked for."""

    def __init__(self, rows: Dataset) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """Number of files."""
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> SourceFile: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SourceFile]: ...
    def __getitem__(self, index: int | slice) -> SourceFile | Sequence[SourceFile]:
        """One file, or several."""
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        row = self._rows[index]
        language = language_by_name(row["language"])
        if language is None:
            raise BadFile(f"The dataset names a language that this finetab does not know: {row['language']!r}.")
        lines = None if row["new_lines"] is None else tuple((first, last) for first, last in row["new_lines"])
        return SourceFile(row["path"], language, row["text"], row["source"], row["licence"], lines)


def is_dataset(folder: Path) -> bool:
    """Whether a folder is what `write_dataset` leaves."""
    return (folder / REPORT).is_file() and (folder / "train.arrow").is_file()


def read_dataset(folder: Path) -> tuple[Files, Files, dict[str, Any]]:
    """Both sides and the report. Raises `BadFile` when the folder is none or damaged."""
    if not is_dataset(folder):
        raise BadFile(f"{folder} is no dataset: it has no {REPORT}. Make one with: finetab data build")
    try:
        report: dict[str, Any] = json.loads((folder / REPORT).read_text("utf-8"))
        train, test = (Files(Dataset.from_file(str(folder / f"{side}.arrow"))) for side in _SIDES)
    except Exception as error:
        raise BadFile(f"The dataset {folder} cannot be read ({error}); build it again.") from error
    return train, test, report


def read_validation(folder: Path) -> Files | None:
    """The files that choose among checkpoints, where a dataset has such a side."""
    path = folder / f"{VALIDATION}.arrow"
    return Files(Dataset.from_file(str(path))) if path.is_file() else None


def write_dataset(recipe: Recipe, folder: Path, on_file: Callable[[Tally], None]) -> dict[str, Any]:
    """Build a recipe's corpus into a folder, whole or not at all, and give its report.

    `on_file` is called after each file that is kept. Raises `BadFile` when nothing is left to train on.
    """
    if folder.exists() and not is_dataset(folder) and (folder.is_file() or any(folder.iterdir())):
        raise BadFile(f"{folder} exists and is no dataset; choose another --out.")
    with new_folder(folder) as building, (building / "dropped.jsonl").open("w", encoding="utf-8") as dropped:
        tally = Tally(on_drop=_writes_to(dropped))
        counts = {side: _Counts() for side in _SIDES}
        writers = {side: ArrowWriter(features=_FEATURES, path=str(building / f"{side}.arrow")) for side in _SIDES}
        for side, file in stream(recipe, tally):
            writers[side].write(_row(file))
            counts[side].add(file)
            on_file(tally)
        if not counts["train"].files:
            reasons = ", ".join(f"{count} {reason}" for reason, count in tally.dropped.most_common())
            raise BadFile(f"{', '.join(recipe.specs)}: no source file that can be used ({reasons or 'it is empty'}).")
        for writer in writers.values():
            writer.finalize()
        report = _report(recipe, tally, counts)
        (building / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return report


def write_sides(folder: Path, sides: Mapping[str, Iterable[SourceFile]], report: Mapping[str, Any]) -> None:
    """Write a dataset of files at hand into a folder that is being built; `report` says where they come from.

    Beside the two sides there may be `VALIDATION`.
    """
    counts: dict[str, _Counts] = {}
    for side, files in sides.items():
        counts[side] = _Counts()
        writer = ArrowWriter(features=_FEATURES, path=str(folder / f"{side}.arrow"))
        for file in files:
            writer.write(_row(file))
            counts[side].add(file)
        writer.finalize()
    made = dict(report) | {side: found.to_dict() for side, found in counts.items()}
    (folder / REPORT).write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _writes_to(dropped: IO[str]) -> Callable[[str, str, str], None]:
    def on_drop(source: str, path: str, reason: str) -> None:
        dropped.write(json.dumps({"source": source, "path": path, "reason": reason}) + "\n")

    return on_drop


def _row(file: SourceFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "language": file.language.name,
        "text": file.text,
        "source": file.source,
        "licence": file.licence,
        "new_lines": None if file.new_lines is None else [list(run) for run in file.new_lines],
    }


class _Counts:
    """What one side holds."""

    def __init__(self) -> None:
        self.files = 0
        self.characters = 0
        self.new_lines = 0
        self.languages: Counter[str] = Counter()
        self.licences: Counter[str] = Counter()

    def add(self, file: SourceFile) -> None:
        """Count a file."""
        self.files += 1
        self.characters += len(file.text)
        self.new_lines += sum(last - first + 1 for first, last in file.new_lines or ())
        self.languages[file.language.name] += 1
        self.licences[file.licence or "not stated"] += 1

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "files": self.files,
            "characters": self.characters,
            "new_lines": self.new_lines,
            "languages": dict(self.languages.most_common()),
            "licences": dict(self.licences.most_common()),
        }


def _report(recipe: Recipe, tally: Tally, counts: dict[Side, _Counts]) -> dict[str, Any]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "finetab": version("finetab"),
        "sources": tally.sources,
        "split": {"by": tally.split_by, "held_out_share": recipe.held_out_share, "seed": recipe.seed},
        **{side: counts[side].to_dict() for side in _SIDES},
        "dropped": dict(tally.dropped.most_common()),
        "credentials_cut": dict(tally.credentials.most_common()),
        "allowed_licences": list(recipe.policy.licences),
        "evaluation_texts": len(recipe.evaluations),
    }
