"""Code from other files that may help at a cursor: chunks along syntax borders, ranked by what they have in common.

Ranking is BM25 (Robertson and Zaragoza 2009) over words of identifiers, with more for a chunk that defines a name used
near the cursor. Training draws the context of its samples with this same code.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import tree_sitter

from finetab.completion.request import CompletionRequest
from finetab.core.credentials import holds_credentials
from finetab.documents import Document

_CHUNK_LINES = 24
_LINES_BEFORE, _LINES_AFTER = 24, 6  # around the cursor, whose words are looked for
_MOST = 12  # chunks
_DEFINES_A_USED_NAME = 2.0  # how much more such a chunk counts
_IDLE_SECONDS = 3.0
_IDENTIFIER = re.compile(r"[^\W\d]\w+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_IMPORT = re.compile(r"^\s*(?:import|from|use|using|require|#include|package)\b.*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of whole lines of a file."""

    path: str
    line: int
    """The first one, from 0."""
    text: str
    names: frozenset[str]
    """What it defines."""

    @property
    def label(self) -> str:
        """The file as a prompt names it: with its folder, wherever the workspace stands."""
        return "/".join(PurePath(self.path).parts[-2:])


class Related:
    """The chunks of some files, ranked for a place in another one."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._chunks = [chunk for document in documents for chunk in chunks_of(document)]
        words = [list(_words(f"{chunk.label}\n{chunk.text}")) for chunk in self._chunks]
        self._ranking = None
        if any(words):
            import bm25s  # noqa: PLC0415 - half a second that a start without neighbours does not need

            self._ranking = bm25s.BM25(method="lucene")
            self._ranking.index(words, show_progress=False)

    def best(self, document: Document, offset: int) -> tuple[Chunk, ...]:
        """The chunks of other files that have most in common with the lines around a cursor, best first."""
        if self._ranking is None:
            return ()
        around = _around(document.text, offset)
        used = frozenset(_IDENTIFIER.findall(around))
        imports = "\n".join(_IMPORT.findall(document.text[:offset]))
        known = [word for word in _words(f"{around}\n{imports}") if word in self._ranking.vocab_dict]
        if not known:
            return ()
        scores = self._ranking.get_scores(known)
        ranked = sorted(
            (-float(score) * (_DEFINES_A_USED_NAME if chunk.names & used else 1.0), index)
            for index, (chunk, score) in enumerate(zip(self._chunks, scores, strict=True))
            if score > 0 and chunk.path != document.path
        )
        return tuple(self._chunks[index] for _, index in ranked[:_MOST])


class Neighbours:
    """What is related to a cursor among the open files; it stays as it is while one types, and so does the prompt.

    What holds a secret is left out: a model that has read it may say it elsewhere.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._chosen: dict[str, tuple[float, tuple[Chunk, ...]]] = {}
        self._versions: dict[str, int] = {}
        self._related = Related(())

    def related_to(self, request: CompletionRequest) -> tuple[Chunk, ...]:
        """The chunks for a request: those of the one before in this file, unless there was a pause."""
        now, path = self._clock(), request.document.path
        asked, chosen = self._chosen.get(path, (-_IDLE_SECONDS, ()))
        if now - asked >= _IDLE_SECONDS:
            versions = {document.path: document.version for document in request.neighbours}
            if versions != self._versions:
                self._versions, self._related = versions, Related(request.neighbours)
            best = self._related.best(request.document, request.offset)
            chosen = tuple(chunk for chunk in best if not holds_credentials(chunk.text, PurePath(chunk.path).suffix))
        self._chosen[path] = (now, chosen)
        return chosen

    def forget(self) -> None:
        """Take the next request of any file for its first."""
        self._chosen.clear()


def chunks_of(document: Document) -> tuple[Chunk, ...]:
    """A file as chunks of at most 24 lines: definitions whole where they fit, small statements together.

    Of what does not fit, the parts are chunks with the line that opens it above them. Without a tree there are none.
    """
    if document.tree is None:
        return ()
    lines = document.text.split("\n")
    return tuple(_chunks(document, lines, document.tree.root.named_children, ""))


def _chunks(
    document: Document, lines: Sequence[str], nodes: Iterable[tree_sitter.Node], header: str
) -> Iterator[Chunk]:
    group: list[tree_sitter.Node] = []
    for node in nodes:
        if group and node.end_point.row - group[0].start_point.row >= _CHUNK_LINES:
            yield _chunk(document, lines, group, header)
            group = []
        if node.end_point.row - node.start_point.row < _CHUNK_LINES:
            group.append(node)
            continue
        if group:
            yield _chunk(document, lines, group, header)
            group = []
        block = _block(document, node)
        parts = [] if block is None else [part for part in block.named_children if _block(document, part) is not None]
        yield _chunk(document, lines, [node], header)  # its signature and first lines
        if parts and not header:
            yield from _chunks(document, lines, parts, lines[node.start_point.row] + "\n")
    if group:
        yield _chunk(document, lines, group, header)


def _chunk(document: Document, lines: Sequence[str], nodes: Sequence[tree_sitter.Node], header: str) -> Chunk:
    first, last = nodes[0].start_point.row, nodes[-1].end_point.row
    text = "\n".join(lines[first : min(last + 1, first + _CHUNK_LINES)])
    return Chunk(document.path, first, f"{header}{text}\n", frozenset(name for node in nodes for name in _names(node)))


def _block(document: Document, node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The body of a definition, below decorators and the like."""
    assert document.language is not None
    for child in node.named_children:
        if child.type in document.language.blocks:
            return child
    inner = _inside(node)
    return None if inner is None else _block(document, inner)


def _inside(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """What is decorated or exported."""
    return node.child_by_field_name("definition") or node.child_by_field_name("declaration")


def _names(node: tree_sitter.Node) -> Iterator[str]:
    inner = _inside(node) or node
    named = inner.child_by_field_name("name") or inner.child_by_field_name("declarator")
    while named is not None and (deeper := named.child_by_field_name("declarator")) is not None:
        named = deeper  # pointers and parameters around a name, in C
    if named is not None and named.text is not None:
        yield named.text.decode("utf-8", "replace").partition("(")[0]


def _around(text: str, offset: int) -> str:
    before = text[:offset].rsplit("\n", _LINES_BEFORE)[-_LINES_BEFORE:]
    after = text[offset:].split("\n", _LINES_AFTER)[:_LINES_AFTER]
    return "\n".join(before) + "\n".join(after)


def _words(text: str) -> Iterator[str]:
    """Identifiers and the words that they are made of, in small letters."""
    for name in _IDENTIFIER.findall(text):
        yield name.lower()
        parts = _WORD.findall(name)
        if len(parts) > 1:
            yield from (part.lower() for part in parts)
