"""A hole: a place in a file with the text that a person wrote there, and files of holes.

A holes file is JSONL, one object a line with path, language, prefix, suffix and middle (kind is optional), so
it can be kept, edited and used again; one whose name ends in .gz is compressed.
"""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from finetab.core.atomic import write_text
from finetab.errors import BadFile

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


def write_holes(path: Path, holes: Sequence[Hole]) -> None:
    """Keep holes for another time."""
    write_text(path, "".join(json.dumps(asdict(hole), ensure_ascii=False) + "\n" for hole in holes))


def read_holes(path: Path) -> tuple[Hole, ...]:
    """The holes of a file. Raises `BadFile` with the line that is wrong."""
    try:
        data = path.read_bytes()
        lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
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
