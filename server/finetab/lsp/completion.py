"""`textDocument/completion`: a menu entry for editors that cannot show ghost text (Helix, Kate, eglot).

It is offered to no other editor, or its user would see every suggestion twice.
"""

import re

from lsprotocol import types

from finetab.documents import LINE_END, Document
from finetab.lsp import feedback
from finetab.lsp.convert import accepted, offset_of, width
from finetab.lsp.inline_completion import answer_at
from finetab.lsp.notebooks import span_of
from finetab.lsp.session import FinetabServer

# Each one typed is a request and opens a menu, also over what other servers offer. After a space, Enter would take the
# preselected entry where a new line was wanted.
_TRIGGERS = (".", "(", "=")
_TYPED_WORD = re.compile(r"\w*\Z")
_LONGEST_WORD = 200  # characters


def offer_where_needed(ls: FinetabServer) -> None:
    """Announce menu entries to a client that does not know inline completion; called while it is initialised."""
    text_document = ls.client_capabilities.text_document
    if text_document is None or text_document.inline_completion is None:
        options = types.CompletionOptions(trigger_characters=_TRIGGERS)
        ls.feature(types.TEXT_DOCUMENT_COMPLETION, options)(completion)


async def completion(ls: FinetabServer, params: types.CompletionParams) -> types.CompletionList:
    """One entry or none. The list is never complete: what is typed next may have another continuation."""
    span = span_of(ls, params.text_document.uri)  # before the first await, as `answer_at` does
    found = await answer_at(ls, params)
    if span is None or found is None:
        return types.CompletionList(is_incomplete=True, items=[])
    typed = typed_word(span.text, offset_of(span.text, params.position, ls.encoding))
    start = types.Position(params.position.line, params.position.character - width(typed, ls.encoding))
    item = menu_item(span.document, typed, found.answer.text, types.Range(start, params.position))
    if item is None:
        return types.CompletionList(is_incomplete=True, items=[])
    item.command = accepted(found.request_id, found.answer.adapter)
    feedback.offered(ls, params.text_document.uri, found, [(found.request_id, _first_line(found.answer.text))])
    return types.CompletionList(is_incomplete=True, items=[item])


def typed_word(text: str, offset: int) -> str:
    """The part of a word that stands before the cursor."""
    found = _TYPED_WORD.search(text, max(0, offset - _LONGEST_WORD), offset)
    return found.group() if found else ""


def menu_item(document: Document, typed: str, text: str, over: types.Range) -> types.CompletionItem | None:
    """An entry that replaces the typed word by itself and the first line of a text; None where that line is blank.

    One line only: some editors indent the others anew, whatever the server says.
    """
    line = typed + _first_line(text)
    if line == typed or line.isspace():
        return None
    name = document.language.name if document.language is not None else ""
    return types.CompletionItem(
        label=line.strip(),
        kind=types.CompletionItemKind.Text,
        detail="finetab",
        documentation=types.MarkupContent(types.MarkupKind.Markdown, f"```{name}\n{typed}{text}\n```"),
        preselect=True,
        sort_text="\0",
        filter_text=line,
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(over, line),
    )


def _first_line(text: str) -> str:
    return LINE_END.split(text, maxsplit=1)[0]
