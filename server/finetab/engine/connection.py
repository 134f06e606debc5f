"""A connection to an engine in another process: JSON there, and JSON or a stream of events back.

Reading happens on an event loop with a thread of its own, so that who waits for an event can look up at any time, and
leave: then the stream is closed, which is how a server learns that an answer is not wanted any more.
"""

import asyncio
import json
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from finetab.core.logins import is_on_this_machine
from finetab.errors import BadSetting, EngineAway, FinetabError, Refused

# Between two bytes; a cold prompt on a slow machine takes its time, and who does not want to wait closes the stream.
_TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
_SHORT = httpx2.Timeout(10.0)
_LOOK_SECONDS = 0.01
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_UNWELCOME = (401, 403)
_MAX_WORDS = 300  # characters of a server's own words in a sentence of ours


def no_token() -> str:
    """For an engine that wants to see none."""
    return ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine is, and what it wants to see."""

    url: str
    token: Callable[[], str] = no_token
    """Asked at each request: its user may log in, or out, while an editor runs."""
    socket: str = ""
    """The path of a Unix socket, "" for none."""

    @property
    def label(self) -> str:
        """For people."""
        return "the shared engine" if self.socket else self.url


class Connection:
    """Safe to call from any thread."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client = _client(address)
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_without_noise)
        threading.Thread(target=self._run, name="finetab-http", daemon=True).start()

    def get(self, path: str) -> Any:
        """What stands at a path. Raises `EngineAway` or `BadSetting`."""
        return self._wait(self._whole("GET", path, None))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a body in one piece. Raises `EngineAway` or `BadSetting`."""
        return self._wait(self._whole("POST", path, body))

    @contextmanager
    def stream(self, path: str, body: Mapping[str, Any], is_left: Callable[[], bool]) -> Iterator[Iterator[Any]]:
        """The events that answer a body; none come any more once `is_left`. The stream is closed when this ends.

        Each event raises `EngineAway` or `BadSetting` where it does not come.
        """
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        pump = self._begun(self._pump(path, body, arrived))
        try:
            yield _events(arrived, is_left)
        finally:
            pump.cancel()

    def close(self) -> None:
        """Close all streams, for good; whoever still reads one is told that the engine is away."""
        if not self._is_closed:
            self._is_closed = True
            asyncio.run_coroutine_threadsafe(self._close(), self._loop)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(_cancelled())  # what came while it was being closed
        self._loop.close()

    async def _close(self) -> None:
        await _cancelled()
        await self._client.aclose()
        self._loop.stop()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self._begun(work).result()
        except CancelledError as error:
            raise self._away(None) from error

    def _begun(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        try:
            if not self._is_closed:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            pass  # the loop has been closed this very moment
        work.close()
        raise self._away(None)

    async def _whole(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        try:
            reply = await self._client.request(method, path, json=body, timeout=_SHORT)
            self._check(reply)
            return reply.json()
        except (httpx2.HTTPError, OSError, ValueError) as error:
            raise self._away(error) from error

    async def _pump(self, path: str, body: Mapping[str, Any], arrived: queue.SimpleQueue[Any]) -> None:
        """Put the events into a queue, and what ends them: None, or an error."""
        end: Exception | None = None
        try:
            async with self._client.stream("POST", path, json=body) as reply:
                if reply.status_code != httpx2.codes.OK:
                    await reply.aread()
                    self._check(reply)
                async for line in reply.aiter_lines():
                    name, _, data = line.partition(":")
                    if name != "data" or data.strip() == "[DONE]":
                        continue
                    arrived.put(self._checked(json.loads(data)))
        except FinetabError as error:
            end = error
        except (httpx2.HTTPError, OSError, ValueError) as error:
            end = self._away(error)
        except asyncio.CancelledError:
            end = self._away(None)
            raise
        finally:
            arrived.put(end)

    def _check(self, reply: httpx2.Response) -> None:
        """Raise for what is no answer."""
        status, label = reply.status_code, self.address.label
        if status == httpx2.codes.OK:
            return
        if status in _BUSY:
            raise EngineAway(f"The engine at {label} cannot answer now ({status}: {_words(reply)}).")
        if status in _UNWELCOME:
            raise BadSetting(f"The engine at {label} wants another token; run: finetab engine login {label}")
        raise Refused(f"The engine at {label} refuses ({status}: {_words(reply)}).")

    def _checked(self, event: Any) -> Any:
        """An event that is no error; servers that have begun to answer can tell of one in no other way."""
        if not isinstance(event, dict) or event.get("error"):
            raise EngineAway(f"The engine at {self.address.label} failed ({str(event)[:_MAX_WORDS]}).")
        return event

    def _away(self, error: Exception | None) -> EngineAway:
        reason = "the connection was closed" if error is None else str(error) or type(error).__name__
        return EngineAway(f"The engine at {self.address.label} does not answer ({reason}).")


async def _cancelled() -> None:
    """End all other tasks of the loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _client(address: Address) -> httpx2.AsyncClient:
    def with_token(request: httpx2.Request) -> httpx2.Request:
        if token := address.token():
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    # A transport of our own uses no proxy from the environment: those are for the world, not for this machine.
    is_near = address.socket or is_on_this_machine(address.url)
    transport = httpx2.AsyncHTTPTransport(uds=address.socket or None) if is_near else None
    return httpx2.AsyncClient(base_url=address.url, auth=with_token, timeout=_TIMEOUT, transport=transport)


def _without_noise(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """When data come to a Unix socket as its stream is closed, anyio 4 sets a future that has just been cancelled."""
    if not isinstance(context.get("exception"), asyncio.InvalidStateError):
        loop.default_exception_handler(context)


def _events(arrived: queue.SimpleQueue[Any], is_left: Callable[[], bool]) -> Iterator[Any]:
    while not is_left():
        try:
            event = arrived.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if event is None:
            return
        if isinstance(event, Exception):
            raise event
        yield event


def _words(reply: httpx2.Response) -> str:
    """What a server says of an error: the shapes of OpenAI, vLLM and llama.cpp, else what it has sent."""
    try:
        said = reply.json()
        inner = said.get("error", said)
        return str(inner.get("message") or inner)[:_MAX_WORDS] if isinstance(inner, dict) else str(inner)[:_MAX_WORDS]
    except (ValueError, AttributeError):
        return reply.text[:_MAX_WORDS] or reply.reason_phrase
