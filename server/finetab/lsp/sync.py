"""Documents as the editor has them: opened, edited and closed in our own store.

pygls's own copy stays as it was opened: pygls splits lines where the protocol does not (form feeds, U+2028).
"""

import time

from lsprotocol import types
from pygls.uris import to_fs_path

from finetab.documents import edited, edited_often, open_document, parsed
from finetab.lsp import feedback
from finetab.lsp.convert import edit_of
from finetab.lsp.session import FinetabServer

_MANY = 8  # edits in one message: then a tree made anew costs less than one that follows each


def did_open(ls: FinetabServer, params: types.DidOpenTextDocumentParams) -> None:
    """Keep a document."""
    item = params.text_document
    ls.documents.put(item.uri, open_document(path_of(item.uri), item.text, item.version, item.language_id))


def path_of(uri: str) -> str:
    """Where a file stands, or the URI of what is no file."""
    return (to_fs_path(uri) if uri.startswith("file:") else None) or uri


def did_change(ls: FinetabServer, params: types.DidChangeTextDocumentParams) -> None:
    """Follow the edits, one after the other."""
    uri = params.text_document.uri
    document = ls.documents.get(uri)
    if document is None:
        return
    are_many = len(params.content_changes) > _MANY
    follow = edited_often if are_many else edited
    for change in params.content_changes:
        edit = edit_of(document.text, change, ls.encoding)
        feedback.edited(ls, uri, document.text, edit)
        document = follow(document, edit, params.text_document.version)
    document = parsed(document) if are_many else document
    is_deletion = all(not change.text for change in params.content_changes)
    ls.rhythm_of(uri).edited(time.monotonic(), is_deletion=is_deletion)
    ls.documents.put(uri, document)


def did_close(ls: FinetabServer, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a document."""
    feedback.closed(ls, params.text_document.uri)
    ls.documents.remove(params.text_document.uri)
    ls.forget_rhythm(params.text_document.uri)
