"""The requests that plugins written for Copilot sent before inline completion was in the protocol.

With them such a plugin works with finetab unchanged. Nobody signs in anywhere: the answers say that it has been done.
"""

import logging
from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from finetab import __version__
from finetab.lsp.convert import offset_of
from finetab.lsp.inline_completion import answer_at
from finetab.lsp.notebooks import span_of
from finetab.lsp.session import FinetabServer

_LOG = logging.getLogger(__name__)
_USER = "local"


def is_plugin(initialization_options: Any) -> bool:
    """Whether a client is made for Copilot: such clients introduce themselves when they start the server."""
    return isinstance(initialization_options, dict) and "editorPluginInfo" in initialization_options


def check_status(ls: FinetabServer, _params: Any) -> dict[str, str]:
    """A plugin asks for nothing before it has heard that somebody is signed in."""
    return {"status": "OK", "user": _USER}


def sign_in(ls: FinetabServer, _params: Any) -> dict[str, str]:
    """There is nothing to sign in to."""
    return {"status": "AlreadySignedIn", "user": _USER}


def get_version(ls: FinetabServer, _params: Any) -> dict[str, str]:
    """Our own version."""
    return {"version": __version__, "buildType": "prod", "runtimeVersion": "python"}


def set_editor_info(ls: FinetabServer, _params: Any) -> str:
    """Nothing hangs on the editor's name."""
    return "OK"


async def get_completions(ls: FinetabServer, params: Any) -> dict[str, list[dict[str, Any]]]:
    """The completion at a place."""
    return await _completions(ls, params, is_explicit=False)


async def get_completions_cycling(ls: FinetabServer, params: Any) -> dict[str, list[dict[str, Any]]]:
    """All that can be thought of at a place: somebody has asked for another one."""
    return await _completions(ls, params, is_explicit=True)


async def _completions(ls: FinetabServer, params: Any, *, is_explicit: bool) -> dict[str, list[dict[str, Any]]]:
    """Completions as replacements of their line up to the cursor."""
    place = _place(params)
    span = span_of(ls, place.text_document.uri)  # before the first await, as `answer_at` does
    found = await answer_at(ls, place, is_explicit=is_explicit)
    if span is None or found is None or not found[0].text:
        return {"completions": []}
    answer, request_id = found
    line_start = types.Position(place.position.line, 0)
    start, end = (offset_of(span.text, position, ls.encoding) for position in (line_start, place.position))
    shared = {
        "uuid": request_id,
        "position": place.position,
        "range": types.Range(line_start, place.position),
        "docVersion": params["doc"].get("version", 0),
    }
    texts = (answer.text, *answer.others)
    return {"completions": [{**shared, "text": span.text[start:end] + text, "displayText": text} for text in texts]}


def _place(params: Any) -> types.TextDocumentPositionParams:
    try:
        uri, position = params["doc"]["uri"], params["doc"]["position"]
        return types.TextDocumentPositionParams(
            types.TextDocumentIdentifier(uri), types.Position(position["line"], position["character"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JsonRpcInvalidParams.of(error) from error


def notify_shown(ls: FinetabServer, params: Any) -> str:
    """An answer is on the screen."""
    return _noted("shown", params)


def notify_accepted(ls: FinetabServer, params: Any) -> str:
    """An answer was inserted, or a part of it: `acceptedLength` counts the line before the cursor as well."""
    return _noted("accepted", params)


def notify_rejected(ls: FinetabServer, params: Any) -> str:
    """Answers were shown and not wanted."""
    return _noted("rejected", params)


def _noted(what: str, params: Any) -> str:
    """The one place that hears what became of answers."""
    given = params if isinstance(params, dict) else {}
    _LOG.info("%s %s", what, given.get("uuids", [given.get("uuid")]))
    return "OK"


HANDLERS: dict[str, Callable[..., Any]] = {
    "checkStatus": check_status,
    "getVersion": get_version,
    "setEditorInfo": set_editor_info,
    "signIn": sign_in,
    "signInInitiate": sign_in,
    "signInConfirm": check_status,
    "getCompletions": get_completions,
    "getCompletionsCycling": get_completions_cycling,
    "notifyShown": notify_shown,
    "notifyAccepted": notify_accepted,
    "notifyRejected": notify_rejected,
}
