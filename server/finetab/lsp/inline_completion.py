"""`textDocument/inlineCompletion`: a snapshot, a ticket, an answer. Every request is answered."""

import asyncio
import logging
import time
import uuid
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeAlias

from lsprotocol import types

from finetab.completion.asking import MIN_LOGPROB, share_of_delay, why_not_here
from finetab.completion.request import Answer, CompletionRequest, Service, Ticket
from finetab.documents import Edit, edited
from finetab.errors import EngineAway, FinetabError
from finetab.lsp import feedback
from finetab.lsp.convert import Found, completion_list, offset_of
from finetab.lsp.loading import ServiceHolder
from finetab.lsp.notebooks import Span, span_of
from finetab.lsp.session import FinetabServer

_LOG = logging.getLogger(__name__)
_CANDIDATES = 3  # for who asks by hand
_FROM_MEMORY = ("remembered", "typed through")
Place: TypeAlias = types.InlineCompletionParams | types.CompletionParams | types.TextDocumentPositionParams


async def inline_completion(
    ls: FinetabServer, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """Complete at a position; None when there is nothing."""
    is_explicit = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    selected = params.context.selected_completion_info
    found = await answer_at(ls, params, is_explicit=is_explicit, selected=selected)
    if found is None:
        return None
    shown = [(item_id, found.lead + text) for item_id, text in found.candidates]
    feedback.offered(ls, params.text_document.uri, found, shown)
    return completion_list(found, params.position, selected)


async def answer_at(
    ls: FinetabServer,
    params: Place,
    *,
    is_explicit: bool = False,
    selected: types.SelectedCompletionInfo | None = None,
) -> Found | None:
    """The answer at a position: the one way to it, whatever the request is called.

    With an entry of a menu selected, the answer goes on from that entry. None when it cannot be worked out, when a
    newer request came, or when something failed; `ls.requests` says why.
    """
    # Everything up to the first await runs before the next message is read: this is the snapshot.
    started = time.perf_counter()
    record = _record(params)
    uri = params.text_document.uri
    span = span_of(ls, uri)
    folder = ls.folders.main if span is None else ls.folders.of(span.document.path)
    holder = folder.holder if span is None else folder.holder_at(span.document.path, params.position.line)
    ticket = ls.scheduler.begin(uri)
    try:
        record["version"] = span.document.version if span is not None else None
        with holder.lease() as service:
            if span is None or service is None:
                record["why"] = "the document is not open" if span is None else holder.why_not
                return None
            at_cursor = _request(ls, span, params.position, ticket)
            request = at_cursor if selected is None else _as_if_taken(ls, span, at_cursor, selected)
            answer: Answer | None
            if is_explicit:
                answer = await _worked_out(ls, holder, service, replace(request, num_candidates=_CANDIDATES))
            else:
                request = replace(request, min_logprob=MIN_LOGPROB[folder.settings.eagerness])
                answer = await _unasked(ls, holder, service, request, record)
        if answer is not None and answer.why not in _FROM_MEMORY:
            ls.status.asked("", folder.uri)
        if answer is None or ticket.is_ended():  # after its last step: the text may fit the document no more
            record["why"] = ticket.why if ticket.is_ended() else record["why"]
            return None
        if not _stands(ls, uri, span):  # the next request finds what was worked out
            record["why"] = "the document has changed meanwhile"
            return None
        record |= {"why": answer.why, **answer.cost()}
        if answer.text and folder.settings.look_ahead:
            ls.run_beside(_look_ahead(ls, holder, request, answer))
        lead = "" if selected is None else request.prefix[at_cursor.offset :]
        return Found(answer, at_cursor, str(record["id"]), is_explicit, _elapsed_ms(started), lead)
    except asyncio.CancelledError:
        ticket.end("cancelled")
        record["why"] = "cancelled"
        raise
    except FinetabError as error:
        record["why"] = str(error)
        ls.status.asked(str(error), folder.uri)
        return None
    except Exception:  # noqa: BLE001 - the edge: a request is answered whatever happens
        _LOG.exception("a completion failed")
        record["why"] = "failed; the log has the details"
        return None
    finally:
        ls.scheduler.finish(uri, ticket)
        record["total_ms"] = round(_elapsed_ms(started), 1)
        ls.remember(record)


def _elapsed_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _request(ls: FinetabServer, span: Span, position: types.Position, ticket: Ticket) -> CompletionRequest:
    """The request at a position."""
    offset = span.start + offset_of(span.text, position, ls.encoding)
    others, closed = ls.documents.others(span.key), ls.documents.closed()
    roots = tuple(str(folder.root) for folder in ls.folders if folder.root)
    return CompletionRequest(span.document, offset, ticket, others, closed, roots)


def _as_if_taken(
    ls: FinetabServer, span: Span, request: CompletionRequest, selected: types.SelectedCompletionInfo
) -> CompletionRequest:
    """The request that there would be had a selected entry of a menu been taken."""
    start = span.start + offset_of(span.text, selected.range.start, ls.encoding)
    end = max(start, span.start + offset_of(span.text, selected.range.end, ls.encoding))
    document = edited(request.document, Edit(start, end, selected.text), request.document.version)
    return replace(request, document=document, offset=start + len(selected.text))


def _stands(ls: FinetabServer, uri: str, span: Span) -> bool:
    """Whether a text is still as it was. A client that asks only after a pause shows a late answer where it was meant
    for, beside what has been typed since."""
    now = span_of(ls, uri)
    return now is not None and now.text == span.text


async def _unasked(
    ls: FinetabServer, holder: ServiceHolder, service: Service, request: CompletionRequest, record: dict[str, Any]
) -> Answer | None:
    """From memory at once, else from the model after a pause in typing; None where nothing is to be suggested."""
    rhythm, known = ls.rhythm_of(record["uri"]), service.recall(request)
    if known is not None and known.why == "typed through":
        return known  # it is on the screen, wherever that is
    under_way = service.take_over(request)
    record["why"] = why_not_here(request.document, request.offset)
    if rhythm.is_taking_back(time.monotonic()):
        record["why"] = "text is being taken back"
    if record["why"]:
        return None
    if known is None and under_way is not None:
        known = await _taken_over(ls, service, request, under_way)
    if known is not None:
        return known
    delay = rhythm.delay(time.monotonic(), share_of_delay(request.document, request.offset))
    record["delay_ms"] = round(delay * 1000, 1)
    await asyncio.wait({asyncio.wrap_future(request.ticket.ended)}, timeout=delay)
    if request.ticket.is_ended():  # the next key has come
        return None
    return await _worked_out(ls, holder, service, request)


async def _taken_over(
    ls: FinetabServer, service: Service, request: CompletionRequest, under_way: Future[None]
) -> Answer | None:
    """By the model for the request before; None where it has said something else than was typed since."""
    with ls.status.working():
        await _while_wanted(asyncio.wrap_future(under_way), request.ticket)
    answer = service.recall(request)
    return replace(answer, why="taken over") if answer is not None and answer.text else answer


async def _worked_out(
    ls: FinetabServer, holder: ServiceHolder, service: Service, request: CompletionRequest
) -> Answer | None:
    """By the model, which may go on for the next request; what it works out ahead gives way."""
    ls.scheduler.end_ahead()
    with ls.status.working():
        work = ls.run_beside(_in_a_thread(ls, holder, service, request))
        await _while_wanted(work, request.ticket)
    if not work.done():
        return None
    return work.result()


async def _in_a_thread(
    ls: FinetabServer, holder: ServiceHolder, service: Service, request: CompletionRequest
) -> Answer:
    with holder.lease(service):
        return await asyncio.get_running_loop().run_in_executor(ls.workers, _complete, service, request)


async def _while_wanted(work: asyncio.Future[Any], ticket: Ticket) -> None:
    """Wait for work as long as its request stands; the work goes on, since the next request may take it over."""
    await asyncio.wait({work, asyncio.wrap_future(ticket.ended)}, return_when=asyncio.FIRST_COMPLETED)


def _complete(service: Service, request: CompletionRequest) -> Answer:
    if request.ticket.is_ended():
        return Answer("", request.ticket.why)
    return service.complete(request)


async def _look_ahead(ls: FinetabServer, holder: ServiceHolder, request: CompletionRequest, answer: Answer) -> None:
    """Work out the next line, until somebody needs the model; once, however much of the answer is typed meanwhile."""
    ticket = ls.scheduler.begin_ahead(request.prefix + answer.text)
    if ticket is None:
        return
    ahead = replace(request, ticket=ticket)
    try:
        with holder.lease() as service:
            if service is not None:
                await asyncio.get_running_loop().run_in_executor(ls.workers, service.look_ahead, ahead, answer)
    except EngineAway:
        _LOG.debug("no looking ahead: the engine is away")
    except Exception:  # noqa: BLE001 - the edge: nobody waits for this
        _LOG.exception("looking ahead failed")


def _record(params: Place) -> dict[str, Any]:
    """What `finetab.why` says of a request, filled in as it goes on."""
    return {
        "id": str(uuid.uuid4()),
        "uri": params.text_document.uri,
        "line": params.position.line,
        "character": params.position.character,
        "why": "",
    }
