"""Code from elsewhere that may help at a cursor: chunks along syntax borders, ranked by what they have in common.

Ranking is BM25 (Robertson and Zaragoza 2009) over words of identifiers, with more for a chunk that defines a name used
near the cursor, of a file that the cursor's file imports, or that was edited lately. Training draws the context of its
samples with this same code.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePath

import tree_sitter

from finetab.core.imports import imported_files
from finetab.documents import Document

_CHUNK_LINES = 24
_LINES_BEFORE, _LINES_AFTER = 24, 6  # around the cursor, whose words are looked for
_MOST = 12  # chunks
# How much more such a chunk counts.
_DEFINES_A_USED_NAME = 2.0
_IS_IMPORTED = 1.5
_WAS_TOUCHED = 1.5
_IDENTIFIER = re.compile(r"[^\W\d]\w+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_IMPORT = re.compile(r"^\s*(?:import|from|use|using|require|#include|package)\b.*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of whole lines of a file."""

    path: str
    line: int
    """The first one, from 0."""
    end: int
    """The line after the last one."""
    text: str
    names: frozenset[str]
    """What it defines."""
    was_touched: bool = False
    """Whether it was edited lately."""

    @property
    def label(self) -> str:
        """The file as a prompt names it: with its folder, wherever the workspace stands."""
        return "/".join(PurePath(self.path).parts[-2:])


def bare_chunk(path: str, line: int, text: str) -> Chunk:
    """A chunk of which nothing is known but what it says."""
    return Chunk(path, line, line + text.count("\n"), text, frozenset())


class Related:
    """The chunks of some files, and single ones beside them, ranked for a place in a file."""

    def __init__(self, documents: Iterable[Document], chunks: Iterable[Chunk] = ()) -> None:
        self._chunks = [*(chunk for document in documents for chunk in chunks_of(document)), *chunks]
        self._places = [PurePath(chunk.path).as_posix() for chunk in self._chunks]
        self._known = frozenset(self._places)
        words = [_words_of(f"{chunk.label}\n{chunk.text}") for chunk in self._chunks]
        self._ranking = None
        if any(words):
            import bm25s  # noqa: PLC0415 - half a second that a start without neighbours does not need

            self._ranking = bm25s.BM25(method="lucene")
            self._ranking.index(words, show_progress=False)

    def best(self, document: Document, offset: int) -> tuple[Chunk, ...]:
        """The chunks that have most in common with the lines around a cursor, best first.

        Of the document's own chunks only those that were edited lately count. Those of a file to measure with never
        were: they would give the answer away.
        """
        if self._ranking is None:
            return ()
        around = _around(document.text, offset)
        used = frozenset(_IDENTIFIER.findall(around))
        imports = "\n".join(_IMPORT.findall(document.text[:offset]))
        known = [word for word in _words(f"{around}\n{imports}") if word in self._ranking.vocab_dict]
        if not known:
            return ()
        imported = self._imported_by(document)
        scores = self._ranking.get_scores(known)
        ranked = sorted(
            (-float(score) * _boost(chunk, used, place in imported), index)
            for index, (chunk, place, score) in enumerate(zip(self._chunks, self._places, scores, strict=True))
            if score > 0 and (chunk.path != document.path or chunk.was_touched)
        )
        return tuple(self._chunks[index] for _, index in ranked[:_MOST])

    def _imported_by(self, document: Document) -> frozenset[str]:
        if document.tree is None:
            return frozenset()
        return frozenset(imported_files(document.tree, document.path, self._known.__contains__))


def _boost(chunk: Chunk, used: frozenset[str], is_imported: bool) -> float:
    return (
        (_DEFINES_A_USED_NAME if chunk.names & used else 1.0)
        * (_IS_IMPORTED if is_imported else 1.0)
        * (_WAS_TOUCHED if chunk.was_touched else 1.0)
    )


def chunks_of(document: Document) -> tuple[Chunk, ...]:
    """A file as chunks of at most 24 lines: definitions whole where they fit, small statements together.

    Of what does not fit, the parts are chunks with the line that opens it above them. Without a tree there are none.
    """
    if document.tree is None:
        return ()
    lines = document.text.split("\n")
    touched = [tuple(document.text.count("\n", 0, place) for place in places) for places in document.touched]
    return tuple(
        replace(chunk, was_touched=any(first < chunk.end and chunk.line <= last for first, last in touched))
        for chunk in _chunks(document, lines, document.tree.root.named_children, "")
    )


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
    first = nodes[0].start_point.row
    end = min(nodes[-1].end_point.row + 1, first + _CHUNK_LINES)
    text = "\n".join(lines[first:end])
    names = frozenset(name for node in nodes for name in _names(node))
    return Chunk(document.path, first, end, f"{header}{text}\n", names)


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


@lru_cache(maxsize=2048)
def _words_of(text: str) -> list[str]:
    """Those of a chunk, kept: after a pause most chunks are what they were. Nobody may change the list."""
    return list(_words(text))


def _words(text: str) -> Iterator[str]:
    """Identifiers and the words that they are made of, in small letters."""
    for name in _IDENTIFIER.findall(text):
        yield name.lower()
        parts = _WORD.findall(name)
        if len(parts) > 1:
            yield from (part.lower() for part in parts)
