"""Servers of `/v1/completions` over real sockets, for tests: in the words of vLLM, of llama.cpp, and with text only.

They say what they are told, an id at a time. What was asked and how far each answer went is kept.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Dialect = Literal["vllm", "llama.cpp", "text"]


@dataclass(slots=True)
class Scripted:
    """What a server says, and what became of it. `failures` are answered with 503 before anything is streamed."""

    dialect: Dialect = "vllm"
    models: tuple[dict[str, Any], ...] = ({"id": "tiny"},)
    answer: tuple[tuple[int, str], ...] = ()
    """Ids, each with its text."""
    token: str = ""
    step_seconds: float = 0.0
    failures: int = 0
    breaks_after: int = -1
    """How many ids come before the connection breaks; -1 for never."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    streamed: list[int] = field(default_factory=list)
    """How many ids each answer had when it ended."""


@contextmanager
def running(app: Any, port: int = 0) -> Iterator[str]:
    """An application on a port of this machine, 0 for any that is free; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.force_exit = server.should_exit = True
        thread.join()


def app_of(script: Scripted) -> Starlette:
    """The application of a script."""

    async def models(request: Request) -> Response:
        is_public = script.dialect == "llama.cpp"
        refused = None if is_public else _refused(request, script)
        return refused or JSONResponse({"object": "list", "data": list(script.models)})

    async def completions(request: Request) -> Response:
        body = await request.json()
        script.asked.append(body)
        if script.failures:
            script.failures -= 1
            return JSONResponse({"error": {"message": "too many at once"}}, 503)
        if script.dialect == "text" and not isinstance(body["prompt"], str):
            return JSONResponse({"detail": "prompt must be a string"}, 422)
        if not body.get("stream"):
            return _refused(request, script) or JSONResponse({"choices": [{"text": "a", "finish_reason": "length"}]})
        return _refused(request, script) or StreamingResponse(_said(script, body), media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/models", models), Route("/v1/completions", completions, methods=["POST"])])


def _refused(request: Request, script: Scripted) -> Response | None:
    if script.token and request.headers.get("authorization") != f"Bearer {script.token}":
        return JSONResponse({"error": {"message": "no"}}, 401)
    return None


async def _said(script: Scripted, body: dict[str, Any]) -> AsyncIterator[str]:
    script.streamed.append(0)
    place = len(script.streamed) - 1
    for index, text in script.answer[: body["max_tokens"]]:
        if script.streamed[place] == script.breaks_after:
            raise ConnectionResetError
        await asyncio.sleep(script.step_seconds)
        script.streamed[place] += 1
        yield _event(_choice(script.dialect, index, text))
    reason = "stop" if len(script.answer) <= body["max_tokens"] else "length"
    yield _event({"text": "", "finish_reason": reason})
    yield "data: [DONE]\n\n"


def _choice(dialect: Dialect, index: int, text: str) -> dict[str, Any]:
    if dialect == "vllm":
        return {"text": text, "token_ids": [index], "logprobs": {"tokens": [text], "token_logprobs": [-0.5]}}
    if dialect == "llama.cpp":
        return {"text": text, "logprobs": {"content": [{"id": index, "token": text, "logprob": -0.5}]}}
    return {"text": text}


def _event(choice: dict[str, Any]) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, 'finish_reason': None, **choice}]})}\n\n"
