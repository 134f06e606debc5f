"""A hole: a place in a file with the text that a person wrote there, and files of holes.

A holes file is JSONL, one object a line with path, language, prefix, suffix and middle, so it can be kept, edited and
used again; one whose name ends in .gz is compressed. There may be as well:

kind      what was cut out, or the benchmark that the hole is of; `line` where nothing is said
context   the code from other files that a server would have had beside it, best first: `[[path, line, text], ...]`
check     Python that fails when it is run after the file and the file is wrong
"""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetab.completion.related import Chunk, bare_chunk
from finetab.core.atomic import write_text
from finetab.documents import Document, open_document
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
    context: tuple[Chunk, ...] = ()
    """Code from other files that was beside it, best first."""
    check: str = ""
    """Python to run after the file: it fails when the file is wrong."""

    @property
    def whole_lines(self) -> str:
        """The lines that the middle touches, from their starts to their ends."""
        return self.prefix.rpartition("\n")[2] + self.middle + self.suffix.partition("\n")[0]

    def document(self, written: str = "") -> Document:
        """The file as an editor has it when so much of the middle's place has been written."""
        return open_document(self.path, self.prefix + written + self.suffix, language_id=self.language)


def write_holes(path: Path, holes: Sequence[Hole]) -> None:
    """Keep holes for another time."""
    write_text(path, "".join(json.dumps(_plain(hole), ensure_ascii=False) + "\n" for hole in holes))


def _plain(hole: Hole) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(hole, name) for name in (*_FIELDS, "kind")}
    if hole.context:
        plain["context"] = [[chunk.path, chunk.line, chunk.text] for chunk in hole.context]
    return plain | ({"check": hole.check} if hole.check else {})


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
    try:
        context = tuple(bare_chunk(str(place), int(first), str(text)) for place, first, text in raw.get("context", ()))
    except (TypeError, ValueError) as error:
        raise BadFile(f"{path}, line {number}: context must be a list of [path, line, text].") from error
    return Hole(**values, kind=str(raw.get("kind", "line")), context=context, check=str(raw.get("check", "")))
