"""Holes: places in files that training has not seen, with the text that a person wrote there.

A holes file is JSONL, one object a line with path, language, prefix, suffix and middle (kind is optional), so
it can be kept, edited and used again.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from finetab.core.atomic import write_text
from finetab.errors import BadFile
from finetab_training.data.corpus import SourceFile
from finetab_training.data.spans import SpanKind, spans_of
from finetab_training.data.trained import Trained

KINDS: tuple[SpanKind, ...] = ("line", "rest", "block")
_FIELDS = ("path", "language", "prefix", "suffix", "middle")


@dataclass(frozen=True, slots=True)
class Hole:
    """One place: prefix + middle + suffix is the file."""

    path: str
    language: str
    prefix: str
    suffix: str
    middle: str
    kind: str = "line"

    @property
    def whole_lines(self) -> str:
        """The lines that the middle touches, from their starts to their ends."""
        return self.prefix.rpartition("\n")[2] + self.middle + self.suffix.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Cut:
    """Holes, and how many more were dropped because training had seen their lines."""

    holes: tuple[Hole, ...]
    num_seen: int


def cut_holes(files: Sequence[SourceFile], limit: int, seed: int, trained: Trained | None = None) -> Cut:
    """Up to `limit` holes, kinds and files in turn, none whose every line was trained on."""
    return unseen(_in_turn(files, Random(f"{seed}/holes")), limit, trained or Trained())


def unseen(candidates: Iterable[Hole], limit: int, trained: Trained) -> Cut:
    """The first `limit` holes that training has not seen. A hole is judged by all of the lines that it touches."""
    holes: list[Hole] = []
    num_seen = 0
    for hole in candidates:
        if len(holes) == limit:
            break
        if trained.has_text(hole.whole_lines):
            num_seen += 1
        else:
            holes.append(hole)
    return Cut(tuple(holes), num_seen)


def _in_turn(files: Sequence[SourceFile], generator: Random) -> Iterator[Hole]:
    """One hole of each kind from each file, then the next ones, until nothing is left."""
    stacks: list[list[Hole]] = []
    for file in sorted(files, key=lambda file: file.path):
        spans = spans_of(file.tree())
        for kind in KINDS:
            chosen = [span for span in spans if span.kind == kind]
            generator.shuffle(chosen)
            stacks.append([
                Hole(file.path, file.language.name, file.text[: span.start], file.text[span.end :],
                     file.text[span.start : span.end], kind)
                for span in chosen
            ])  # fmt: skip
    generator.shuffle(stacks)
    while stacks:
        stacks = [stack for stack in stacks if stack]
        for stack in stacks:
            yield stack.pop()


def write_holes(path: Path, holes: Sequence[Hole]) -> None:
    """Keep holes for another time."""
    write_text(path, "".join(json.dumps(asdict(hole), ensure_ascii=False) + "\n" for hole in holes))


def read_holes(path: Path) -> tuple[Hole, ...]:
    """The holes of a file. Raises `BadFile` with the line that is wrong."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path} cannot be read as a holes file: {error}.") from error
    holes = tuple(_hole(line, number, path) for number, line in enumerate(lines, 1) if line.strip())
    if not holes:
        raise BadFile(f"{path} holds no hole; it needs one JSON object a line with {', '.join(_FIELDS)}.")
    return holes


def _hole(line: str, number: int, path: Path) -> Hole:
    try:
        raw = json.loads(line)
        missing = [name for name in _FIELDS if not isinstance(raw.get(name), str)]
    except (ValueError, AttributeError) as error:
        raise BadFile(f"{path}, line {number}: not a JSON object.") from error
    if missing:
        raise BadFile(f"{path}, line {number}: {', '.join(missing)} must be there as text.")
    values: dict[str, str] = {name: raw[name] for name in _FIELDS}
    return Hole(**values, kind=str(raw.get("kind", "line")))
