"""The open files: text, version and syntax tree, kept in step with the editor's edits."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from finetab.core.languages import Language, language_by_name, language_of
from finetab.core.syntax import SyntaxTree, edit, parse
from finetab.errors import BadFile, BadPosition

# Past this size a tree costs more than it tells; such files are completed by their lines alone.
_MAX_PARSED_CHARACTERS = 2_000_000
_ONE_PLACE = 200  # characters between two edits that are taken for one
_MOST_PLACES = 4
_MOST_CLOSED = 4


@dataclass(frozen=True, slots=True)
class Document:
    """A snapshot of one file. Immutable, so that an answer can be worked out while the user types on."""

    path: str
    """Where it stands, or its URI when it is no file."""
    text: str
    version: int
    language: Language | None
    tree: SyntaxTree | None
    """None where no grammar is known or the text is too large to parse."""
    touched: tuple[tuple[int, int], ...] = ()
    """Start and end, in characters, of the places that were edited last, the newest first."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:end]` becomes `replacement`; offsets are characters."""

    start: int
    end: int
    replacement: str


def open_document(path: str, text: str, version: int = 0, language_id: str = "") -> Document:
    """A document as an editor opens it; the language comes from the editor's name for it or the suffix."""
    language = language_by_name(language_id) or language_of(PurePath(path))
    return Document(path, text, version, language, _tree(text, language))


def edited(document: Document, change: Edit, version: int) -> Document:
    """The document after one edit; the tree follows it without parsing the whole text again."""
    text = document.text[: change.start] + change.replacement + document.text[change.end :]
    if document.tree is None or len(text) > _MAX_PARSED_CHARACTERS:
        tree = _tree(text, document.language)
    else:
        tree = edit(document.tree, change.start, change.end, change.replacement)
    return replace(document, text=text, version=version, tree=tree, touched=_touched(document.touched, change))


def edited_often(document: Document, change: Edit, version: int) -> Document:
    """The document after one of many edits: its tree is gone, and `parsed` makes it anew after the last."""
    text = document.text[: change.start] + change.replacement + document.text[change.end :]
    return replace(document, text=text, version=version, tree=None, touched=_touched(document.touched, change))


def parsed(document: Document) -> Document:
    """The document with a tree made anew."""
    return replace(document, tree=_tree(document.text, document.language))


def _touched(places: Sequence[tuple[int, int]], change: Edit) -> tuple[tuple[int, int], ...]:
    """The places after one more edit: those beside it become one with it, those behind it move."""
    start, end = change.start, change.start + len(change.replacement)
    moved, apart = end - change.end, []
    for first, last in places:
        if last < change.start - _ONE_PLACE:
            apart.append((first, last))
        elif first > change.end + _ONE_PLACE:
            apart.append((first + moved, last + moved))
        else:
            start, end = min(start, first), max(end, last + moved)
    return ((start, end), *apart)[:_MOST_PLACES]


def _tree(text: str, language: Language | None) -> SyntaxTree | None:
    return parse(text, language) if language is not None and len(text) <= _MAX_PARSED_CHARACTERS else None


# What ends a line for editors and for the protocol; str.splitlines knows others, form feeds among them.
LINE_END = re.compile(r"\r\n|\r|\n")


def read_text(path: Path) -> str:
    """The text of a file, line ends as they are. Raises `BadFile` when it is missing, unreadable or binary."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {path}.") from error
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}).") from error
    if b"\0" in data:
        raise BadFile(f"{path} is a binary file; only text can be completed.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not UTF-8 text (byte {error.start}); convert it first.") from error


def offset_at(text: str, line: int, column: int, name: str) -> int:
    """Characters before a place given by line and column, both from 1. Raises `BadPosition` outside the text."""
    ends = list(LINE_END.finditer(text))
    starts = [0, *(end.end() for end in ends)]
    if not 1 <= line <= len(starts):
        raise BadPosition(f"{name} has {len(starts)} lines, so there is no line {line}.")
    line_end = ends[line - 1].start() if line <= len(ends) else len(text)
    length = line_end - starts[line - 1]
    if not 1 <= column <= length + 1:
        raise BadPosition(f"Line {line} of {name} has columns 1 to {length + 1}, so there is no column {column}.")
    return starts[line - 1] + column - 1


class DocumentStore:
    """The open documents by URI, and the last edited ones that were closed. Safe to read from any thread; a reader
    gets a snapshot."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._closed: dict[str, Document] = {}
        self._lock = threading.Lock()

    def put(self, uri: str, document: Document) -> None:
        """Open a document or replace it by its next state."""
        with self._lock:
            self._documents[uri] = document
            self._closed.pop(uri, None)

    def get(self, uri: str) -> Document | None:
        """The newest state of an open document, None when it is not open."""
        with self._lock:
            return self._documents.get(uri)

    def others(self, uri: str) -> tuple[Document, ...]:
        """All open documents but one."""
        with self._lock:
            return tuple(document for other, document in self._documents.items() if other != uri)

    def closed(self) -> tuple[Document, ...]:
        """The few documents that were edited and then closed last, as they were."""
        with self._lock:
            return tuple(self._closed.values())

    def remove(self, uri: str) -> None:
        """Close a document; nothing happens when it is not open."""
        with self._lock:
            document = self._documents.pop(uri, None)
            if document is not None and document.touched:
                self._closed[uri] = document
                for oldest in list(self._closed)[:-_MOST_CLOSED]:
                    del self._closed[oldest]
