"""Notebooks as the editor has them: their cells' joined text is a document of our store.

So a cell is completed with the cells before it as prefix and those after it as suffix, and other files see the
notebook as one file. A client's positions count within a cell; `span_of` says where the cell stands.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from lsprotocol import types

from finetab.documents import Document, Edit, edited, open_document
from finetab.lsp.convert import edit_of
from finetab.lsp.notebook import Cell, Notebook
from finetab.lsp.session import FinetabServer
from finetab.lsp.sync import path_of

_Identity: TypeAlias = types.NotebookDocument | types.VersionedNotebookDocumentIdentifier


@dataclass(frozen=True, slots=True)
class Span:
    """Where the text of an editor's document stands in one of ours: a cell in a notebook's, a file in its own."""

    key: str
    document: Document
    start: int
    text: str


def span_of(ls: FinetabServer, uri: str) -> Span | None:
    """The span of an open document or cell, None when it is not open."""
    for notebook_uri, notebook in ls.notebooks.items():
        cell = notebook.cells.get(uri)
        key = _key(notebook_uri, cell.language_id) if cell is not None else ""
        joined = ls.documents.get(key)
        if cell is not None and joined is not None and uri in notebook.order:
            return Span(key, joined, notebook.start_of(uri), cell.text)
    document = ls.documents.get(uri)
    return Span(uri, document, 0, document.text) if document is not None else None


def did_open(ls: FinetabServer, params: types.DidOpenNotebookDocumentParams) -> None:
    """Keep a notebook with the text of its cells."""
    order = tuple(cell.document for cell in params.notebook_document.cells)
    _keep(ls, params.notebook_document, Notebook(order, _cells(params.cell_text_documents)))


def did_change(ls: FinetabServer, params: types.DidChangeNotebookDocumentParams) -> None:
    """Follow cells that come, go and move, then edits inside cells."""
    notebook, changes = ls.notebooks.get(params.notebook_document.uri), params.change.cells
    if notebook is None or changes is None:
        return
    if changes.structure is not None:
        _keep(ls, params.notebook_document, _restructured(notebook, changes.structure))
        for cell in changes.structure.did_close or ():
            ls.forget_rhythm(cell.uri)
    for content in changes.text_content or ():
        for change in content.changes:
            _type(ls, params.notebook_document, content.document.uri, change)
        is_deletion = all(not change.text for change in content.changes)
        ls.rhythm_of(content.document.uri).edited(time.monotonic(), is_deletion=is_deletion)


def did_close(ls: FinetabServer, params: types.DidCloseNotebookDocumentParams) -> None:
    """Forget a notebook."""
    uri = params.notebook_document.uri
    notebook = ls.notebooks.pop(uri, None)
    if notebook is None:
        return
    for language_id in notebook.languages():
        ls.documents.remove(_key(uri, language_id))
    for cell_uri in notebook.cells:
        ls.forget_rhythm(cell_uri)


def _key(notebook_uri: str, language_id: str) -> str:
    return f"{notebook_uri}#{language_id}"


def _cells(items: Iterable[types.TextDocumentItem]) -> dict[str, Cell]:
    return {item.uri: Cell(item.language_id, item.text) for item in items}


def _restructured(notebook: Notebook, structure: types.NotebookDocumentCellChangeStructure) -> Notebook:
    array = structure.array
    order = list(notebook.order)
    order[array.start : array.start + array.delete_count] = [cell.document for cell in array.cells or ()]
    closed = {item.uri for item in structure.did_close or ()}
    kept = {uri: cell for uri, cell in notebook.cells.items() if uri not in closed}
    return Notebook(tuple(order), kept | _cells(structure.did_open or ()))


def _keep(ls: FinetabServer, identity: _Identity, notebook: Notebook) -> None:
    """Put a notebook's state in force and join its cells anew."""
    known = ls.notebooks.get(identity.uri)
    for language_id in known.languages() - notebook.languages() if known is not None else ():
        ls.documents.remove(_key(identity.uri, language_id))
    ls.notebooks[identity.uri] = notebook
    for language_id in notebook.languages():
        joined = open_document(path_of(identity.uri), notebook.joined(language_id), identity.version, language_id)
        ls.documents.put(_key(identity.uri, language_id), joined)


def _type(ls: FinetabServer, identity: _Identity, uri: str, change: types.TextDocumentContentChangeEvent) -> None:
    """Follow an edit in a cell; the tree of the joined text follows it without being made anew."""
    notebook, span = ls.notebooks[identity.uri], span_of(ls, uri)
    if span is None or uri not in notebook.cells:
        return
    edit = edit_of(span.text, change, ls.encoding)
    text = span.text[: edit.start] + edit.replacement + span.text[edit.end :]
    cell = replace(notebook.cells[uri], text=text)
    ls.notebooks[identity.uri] = replace(notebook, cells={**notebook.cells, uri: cell})
    shifted = Edit(span.start + edit.start, span.start + edit.end, edit.replacement)
    ls.documents.put(span.key, edited(span.document, shifted, identity.version))
