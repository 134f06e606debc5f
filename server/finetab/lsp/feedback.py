"""What the editor tells of the offers it was sent, and what the server sees by itself, handed to the statistics.

Nothing here may get in the way of completions: a client may send anything, and a fault of ours is a line in the log.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from finetab.documents import Edit
from finetab.errors import FinetabError
from finetab.lsp.convert import Found
from finetab.lsp.session import FinetabServer
from finetab.stats.database import count_shown, read_rows
from finetab.stats.events import Offer
from finetab.stats.recorder import Recorder
from finetab.stats.summary import summarise

_LOG = logging.getLogger(__name__)
_OTHER = "other"

P = ParamSpec("P")
T = TypeVar("T")


def _beside(work: Callable[P, None]) -> Callable[P, None]:
    """Work whose faults are logged and go no further."""

    @wraps(work)
    def guarded(*arguments: P.args, **keywords: P.kwargs) -> None:
        try:
            work(*arguments, **keywords)
        except Exception:  # noqa: BLE001 - the edge: statistics never cost a completion or an edit
            _LOG.exception("the statistics failed")

    return guarded


@_beside
def offered(ls: FinetabServer, uri: str, found: Found, candidates: Sequence[tuple[str, str]]) -> None:
    """Candidates, by id and text, are about to be sent for a document. Cells of notebooks are not followed."""
    document, answer = ls.documents.get(uri), found.answer
    if not candidates or document is None or not ls.counts(uri):
        return
    language = found.request.document.language
    shared: dict[str, Any] = {
        "continues": "",
        "time": time.time(),
        "language": language.name if language else _OTHER,
        "base": answer.base,
        "adapter": answer.adapter,
        "why": answer.why,
        "is_explicit": found.is_explicit,
        "total_ms": found.total_ms,
        "prefill_ms": answer.prefill_ms,
        "decode_ms": answer.decode_ms,
        "folder": ls.folders.of(document.path).mark,
    }
    offers = [
        (Offer(id=offer_id, characters=len(text), lines=text.count("\n") + 1, **shared), text)
        for offer_id, text in candidates
    ]
    ls.recorder.offered(uri, found.request.document.text, document.text, found.request.offset, offers)


@_beside
def edited(ls: FinetabServer, uri: str, text: str, edit: Edit) -> None:
    """A document whose text is `text` is about to change."""
    if ls.counts(uri):
        ls.recorder.edited(uri, text, edit)
    elif not ls.counts():
        ls.recorder.forget()


@_beside
def closed(ls: FinetabServer, uri: str) -> None:
    """A document is closed."""
    if ls.counts(uri):
        ls.recorder.closed(uri)


@_beside
def stop(ls: FinetabServer) -> None:
    """Keep what is known at the end."""
    if ls.counts():
        ls.recorder.focused("")
        ls.recorder.settle()
    ls.recorder.store.close()


@_beside
def did_show(ls: FinetabServer, params: Any) -> None:
    """`textDocument/didShowCompletion {item}`."""
    _tell(ls, Recorder.shown, _item_id(params))


@_beside
def did_partially_accept(ls: FinetabServer, params: Any) -> None:
    """`textDocument/didPartiallyAcceptCompletion {item, acceptedLength}`."""
    length = params.get("acceptedLength") if isinstance(params, dict) else None
    if type(length) is int:
        _tell(ls, lambda recorder, offer_id: recorder.partly_accepted(offer_id, length), _item_id(params))


@_beside
def did_reject(ls: FinetabServer, params: Any) -> None:
    """`finetab/didRejectCompletion {item}`."""
    _tell(ls, Recorder.rejected, _item_id(params))


@_beside
def did_focus(ls: FinetabServer, params: Any) -> None:
    """`textDocument/didFocus {textDocument}`, or `{}` when no document is looked at."""
    document = params.get("textDocument") if isinstance(params, dict) else None
    uri = document.get("uri") if isinstance(document, dict) else None
    if ls.counts():
        ls.recorder.focused(uri if isinstance(uri, str) else "")


@_beside
def accepted(ls: FinetabServer, *arguments: Any) -> None:
    """The command `finetab.accepted`, which editors run after they have put in the whole answer."""
    offer_id = _argument_id(arguments)
    _LOG.info("accepted %s", offer_id)
    _tell(ls, Recorder.accepted, offer_id)


@_beside
def told(ls: FinetabServer, what: Callable[[Recorder, str], None], offer_id: Any) -> None:
    """A client says by an id, in a message of another shape, what became of an offer."""
    _tell(ls, what, offer_id if isinstance(offer_id, str) else "")


async def stats(ls: FinetabServer, *arguments: Any) -> dict[str, Any]:
    """The command `finetab.stats`: what `finetab stats --json` prints; an argument may be `{"days": 30}`."""
    days = arguments[0].get("days") if arguments and isinstance(arguments[0], dict) else None
    return await _read(ls, lambda path: _summary(path, days if type(days) is int else None))


async def counts(ls: FinetabServer, *_arguments: Any) -> dict[str, int]:
    """The command `finetab.counts`: how many were shown and accepted, so quickly that it may be asked all the time."""
    shown, accepted = await _read(ls, count_shown)
    return {"shown": shown, "accepted": accepted}


async def _read(ls: FinetabServer, question: Callable[[Path], T]) -> T:
    """What the database says, with what is known by now."""
    if ls.counts():
        ls.recorder.settle()

    def answer() -> T:
        ls.recorder.store.flush()
        return question(ls.recorder.store.path)

    try:
        return await asyncio.get_running_loop().run_in_executor(ls.workers, answer)
    except FinetabError as error:
        raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed.value) from error


def _summary(path: Path, days: int | None) -> dict[str, Any]:
    return summarise(read_rows(path, days), days)


def _tell(ls: FinetabServer, what: Callable[[Recorder, str], None], offer_id: str) -> None:
    if offer_id and ls.counts():
        what(ls.recorder, offer_id)


def _item_id(params: Any) -> str:
    """The id in a client's `item`, of which it may have kept the command alone; "" where there is none."""
    item = params.get("item") if isinstance(params, dict) else None
    command = item.get("command") if isinstance(item, dict) else None
    return _argument_id(command.get("arguments") if isinstance(command, dict) else None)


def _argument_id(arguments: Any) -> str:
    first = arguments[0] if isinstance(arguments, list | tuple) and arguments else None
    offer_id = first.get("id") if isinstance(first, dict) else None
    return offer_id if isinstance(offer_id, str) else ""
