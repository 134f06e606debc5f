"""The web application: who may ask, and what is answered, in the words of OpenAI's `/v1/completions`."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive

from finetab.core.logins import is_on_this_machine
from finetab.engine.wire import COMPLETIONS, HEALTH, MODELS
from finetab.errors import BadInput, UnknownName
from finetab.serving.asked import read_asked
from finetab.serving.desk import MOST_EACH, MOST_OF_OWNER, Desk
from finetab.serving.metrics import CONTENT_TYPE
from finetab.serving.tokens import owner_of

_MOST_BYTES = 2_000_000  # of a body: some hundred thousand ids
_BEARER = "Bearer "
_ANYBODY = "anybody"
_CROWDED = f"{MOST_EACH} requests of this user, or {MOST_OF_OWNER} with this token, are waiting."


def app_of(desk: Desk) -> Starlette:
    """The application for a desk."""

    async def completions(request: Request) -> Response:
        owner = _owner(request, desk)
        if wait := desk.rate.take(owner):
            raise HTTPException(429, "Too many requests with this token.", {"Retry-After": str(math.ceil(wait))})
        asked = read_asked(await _body(request), desk.served.base)
        if desk.is_crowded(asked, owner):
            raise HTTPException(429, _CROWDED, {"Retry-After": "1"})
        answering, chunks = desk.begin(asked, owner)
        # Keeps a reference, as long as the request has one.
        request.state.watch = asyncio.create_task(_watch(request.receive, answering.leave))
        first = await anext(chunks)  # so that what cannot be answered is refused with a status
        if asked.is_streamed:
            return StreamingResponse(_events(first, chunks), media_type="text/event-stream")
        return JSONResponse(answering.whole([first, *[chunk async for chunk in chunks]]))

    async def models(request: Request) -> Response:
        _owner(request, desk)
        return JSONResponse({"object": "list", "data": await asyncio.to_thread(desk.served.models)})

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(request: Request) -> Response:
        _owner(request, desk)
        return Response(desk.metrics.text(), media_type=CONTENT_TYPE)

    return Starlette(
        routes=[
            Route(COMPLETIONS, completions, methods=["POST"]),
            Route(MODELS, models),
            Route(HEALTH, health),
            Route("/metrics", metrics),
        ],
        exception_handlers={HTTPException: _refused, BadInput: _bad_input},
    )


def _owner(request: Request, desk: Desk) -> str:
    """Whose token it is; 401 where it is nobody's.

    Without tokens a port is open to who means this machine: a page may have a name of its own led here, and would then
    be let read what it asks for. A socket is this user's alone.
    """
    if not desk.hashes:
        if not desk.served.any_folder and not is_on_this_machine(f"http://{request.headers.get('host', '')}"):
            raise HTTPException(403, "This engine is asked as localhost or 127.0.0.1; others need a token.")
        return _ANYBODY
    given = request.headers.get("authorization", "")
    owner = owner_of(given.removeprefix(_BEARER), desk.hashes) if given.startswith(_BEARER) else None
    if owner is None:
        raise HTTPException(401, "A bearer token is needed.", {"WWW-Authenticate": "Bearer"})
    return owner


async def _body(request: Request) -> Any:
    """The JSON of a request, and only JSON: what a web page may send to this machine unasked is of other types."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "The body must be application/json.")
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > _MOST_BYTES:
            raise HTTPException(413, f"The body may have {_MOST_BYTES} bytes.")
    try:
        return json.loads(read)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The body is no JSON ({error}).") from error


async def _watch(receive: Receive, leave: Callable[[], None]) -> None:
    """Leave the answer when the client has gone, whether anything has been sent to it yet or not."""
    while (await receive())["type"] != "http.disconnect":
        pass
    leave()


async def _events(first: Any, chunks: AsyncIterator[Any]) -> AsyncIterator[str]:
    yield f"data: {json.dumps(first)}\n\n"
    async for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _told(error.detail, error.status_code, dict(error.headers or {}))


async def _bad_input(request: Request, error: Exception) -> Response:
    return _told(str(error), 404 if isinstance(error, UnknownName) else 400, {})


def _told(message: str, status: int, headers: dict[str, str]) -> Response:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": status}}
    return JSONResponse(body, status, headers)
