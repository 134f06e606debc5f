"""The requests that plugins written for Copilot sent before inline completion was in the protocol.

With them such a plugin works with finetab unchanged. Nobody signs in anywhere: the answers say that it has been done.
"""

from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from finetab import __version__
from finetab.lsp import feedback
from finetab.lsp.convert import offset_of, sent
from finetab.lsp.inline_completion import answer_at
from finetab.lsp.notebooks import span_of
from finetab.lsp.session import FinetabServer
from finetab.stats.recorder import Recorder

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
    if span is None or found is None:
        return {"completions": []}
    feedback.offered(ls, place.text_document.uri, found, found.candidates)
    line_start = types.Position(place.position.line, 0)
    start, end = (offset_of(span.text, position, ls.encoding) for position in (line_start, place.position))
    shared = {
        "position": place.position,
        "range": types.Range(line_start, place.position),
        "docVersion": params["doc"].get("version", 0),
    }
    return {
        "completions": [
            {**shared, "uuid": offer_id, "text": span.text[start:end] + sent(text), "displayText": sent(text)}
            for offer_id, text in found.candidates
        ]
    }


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
    feedback.told(ls, Recorder.shown, _value(params, "uuid"))
    return "OK"


def notify_accepted(ls: FinetabServer, params: Any) -> str:
    """An answer was inserted, or a part of it; some plugins send `acceptedLength` with both."""
    feedback.told(ls, Recorder.accepted, _value(params, "uuid"))
    return "OK"


def notify_rejected(ls: FinetabServer, params: Any) -> str:
    """Answers were shown and not wanted."""
    ids = _value(params, "uuids")
    for offer_id in ids if isinstance(ids, list) else ():
        feedback.told(ls, Recorder.rejected, offer_id)
    return "OK"


def _value(params: Any, key: str) -> Any:
    return params.get(key) if isinstance(params, dict) else None


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
