"""`textDocument/inlineCompletion`: a snapshot, a ticket, an answer. Every request is answered."""

import asyncio
import logging
import time
import uuid

from lsprotocol import types

from finetab.completion.request import Answer, CompletionRequest, Service
from finetab.lsp import feedback
from finetab.lsp.convert import completion_list, offset_of
from finetab.lsp.session import FinetabServer

_LOG = logging.getLogger(__name__)


async def inline_completion(
    ls: FinetabServer, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """Complete at a position; None when there is nothing, when a newer request came, or when something failed."""
    # Everything up to the first await runs before the next message is read: this is the snapshot.
    started = time.perf_counter()
    request_id = str(uuid.uuid4())
    uri = params.text_document.uri
    document, service = ls.documents.get(uri), ls.holder.service
    ticket = ls.scheduler.begin(uri)
    why, answer = "", None
    try:
        if document is None:
            why = "the document is not open"
            return None
        if service is None:
            why = ls.holder.why_not
            return None
        offset = offset_of(document.text, params.position, ls.encoding)
        request = CompletionRequest(document, offset, ticket, ls.documents.others(uri))
        with ls.status.working():
            answer = await asyncio.get_running_loop().run_in_executor(ls.workers, _complete, service, request)
        if ticket.is_ended():  # after its last step: the text may fit the document no more
            why = ticket.why
            return None
        why = answer.why
        listed = completion_list(answer, params.position, request_id)
        feedback.offered(ls, params, request, answer, listed, started)
        return listed
    except asyncio.CancelledError:
        ticket.end("cancelled")
        why = "cancelled"
        raise
    except Exception:  # noqa: BLE001 - the edge: a request is answered whatever happens
        _LOG.exception("a completion failed")
        why = "failed; the log has the details"
        return None
    finally:
        ls.scheduler.finish(uri, ticket)
        ls.requests.appendleft(_record(request_id, params, why, answer, (time.perf_counter() - started) * 1000))


def _complete(service: Service, request: CompletionRequest) -> Answer:
    if request.ticket.is_ended():
        return Answer("", request.ticket.why)
    return service.complete(request)


def _record(
    request_id: str, params: types.InlineCompletionParams, why: str, answer: Answer | None, total_ms: float
) -> dict[str, object]:
    """What `finetab.why` says of a request."""
    record: dict[str, object] = {
        "id": request_id,
        "uri": params.text_document.uri,
        "line": params.position.line,
        "character": params.position.character,
        "why": why,
        "total_ms": round(total_ms, 1),
    }
    if answer is not None:
        record |= answer.cost()
    return record
