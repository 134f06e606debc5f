"""An engine in another process or on another machine, over any OpenAI-compatible `/v1/completions`.

Prompts and stop rules stay here: the rule is asked at every event, and where it says that the answer is complete, or
nobody wants it any more, the stream is closed. What a server cannot be told is made up for here: ids that must never
come out end an answer, and the tail of a prompt is taken as it stands, unless the server is finetab's own.
"""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

from finetab.core.base import Base
from finetab.engine.base import FinishReason, Generation, GenerationRequest
from finetab.engine.connection import Connection
from finetab.engine.greeting import Manners, greet
from finetab.engine.patience import Patience
from finetab.engine.wire import COMPLETIONS, Chunk, body_of, read_chunk
from finetab.errors import BadSetting, EngineAway

_RETRIES_SECONDS = (0.05, 0.2)
_SLOW_SECONDS = 2.0
_LOOK_SECONDS = 0.1
_LOST = "\N{REPLACEMENT CHARACTER}"  # decoded from a part of a character


def nothing() -> None:
    """What is done about an engine that has gone, where it is somebody else's."""


@dataclass(slots=True)
class _Said:
    """An answer as far as it has come."""

    ids: list[int] = field(default_factory=list)
    text: str = ""
    finish_reason: FinishReason = "cancelled"
    started: float = field(default_factory=time.perf_counter)
    first: float = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether anything has come."""
        return self.first > 0.0


class HttpEngine:
    """See `Engine`; requests are served as the server likes.

    `generate` raises `EngineAway` while the server does not answer, at once where that was so a moment ago, and
    `BadSetting` where it does not serve what is asked for. `revive` is called when the server has gone.
    """

    def __init__(self, connection: Connection, base: Base, revive: Callable[[], None] = nothing) -> None:
        self._connection = connection
        self._base = base
        self._revive = revive
        self._ends = frozenset((*base.never_sampled, base.fim.end_id))
        self._user = uuid.uuid4().hex
        self._patience = Patience()
        self._manners: Manners | None = None
        self._greeting = threading.Lock()
        self._is_closing = False

    def generate(self, request: GenerationRequest) -> Generation:
        """See `Engine.generate`."""
        self._patience.check()
        said, began = _Said(), time.monotonic()
        try:
            for seconds in (*_RETRIES_SECONDS, None):
                try:
                    self._answer(request, said)
                    break
                except EngineAway:
                    is_slow = time.monotonic() - began > _SLOW_SECONDS  # it would be waited for as long once more
                    if seconds is None or is_slow or said.has_begun or self._is_over(request):
                        raise
                    time.sleep(seconds)
        except BadSetting:
            self._manners = None  # it may have been put right when it is asked again
            raise
        except EngineAway as error:
            if self._is_over(request):
                return _generation(request, said)
            self._manners = None  # whoever answers next may be another one
            if not said.has_begun:
                self._patience.failed(error)
            self._revive()
            raise
        self._patience.succeeded()
        return _generation(request, said)

    def check(self) -> None:
        """Raise `BadSetting` where the server serves another base, `EngineAway` where it is not there."""
        self._greeted(lambda: False)

    def close(self) -> None:
        """See `Engine.close`."""
        self._is_closing = True
        self._connection.close()

    def _is_over(self, request: GenerationRequest) -> bool:
        return self._is_closing or request.is_cancelled()

    def _greeted(self, is_left: Callable[[], bool]) -> Manners | None:
        """How the server is to be asked; None where nobody waits for it any more. One asks for all who wait."""
        while not self._greeting.acquire(timeout=_LOOK_SECONDS):
            if is_left():
                return None
        try:
            if self._manners is None:
                self._patience.check()  # it may have been found away meanwhile
                self._manners = greet(self._connection, self._base)
            return self._manners
        finally:
            self._greeting.release()

    def _answer(self, request: GenerationRequest, said: _Said) -> None:
        """Take up what comes until it ends, the rule says so, or nobody wants it any more."""
        is_left = partial(self._is_over, request)
        manners = None if is_left() else self._greeted(is_left)
        if manners is None:
            return
        model = manners.model_for(request.adapter, self._connection.address.label)
        prompt = list(request.prompt) if manners.takes_ids else self._spelled(request.prompt)
        body = body_of(request, prompt, model, self._user, is_ours=manners.is_ours)
        said.ids = [] if manners.is_ours else list(request.prompt)[len(request.prompt) - request.tail :]
        request.trace.begin(0)
        with self._connection.stream(COMPLETIONS, body, is_left) as events:
            said.finish_reason = self._read(events, request, said)

    def _read(self, events: Iterator[Any], request: GenerationRequest, said: _Said) -> FinishReason:
        before = tuple(said.ids)
        for event in events:
            chunk = self._chunk(event)
            said.first = said.first or time.perf_counter()
            request.trace.logprobs.extend(chunk.logprobs)
            if chunk.cached_tokens is not None:
                request.trace.reused_tokens = chunk.cached_tokens
            is_ended = not self._take(chunk, before, said)
            if (chunk.text or chunk.ids) and request.should_stop(said.ids):
                return "stop"
            if chunk.finish_reason:
                with suppress(EngineAway):  # a stream that is read to its end leaves its connection to the next one
                    deque(events, maxlen=0)
                return chunk.finish_reason
            if is_ended:
                return "end"
        if self._is_over(request):
            return "cancelled"
        raise EngineAway(f"The engine at {self._connection.address.label} ended in the middle of an answer.")

    def _chunk(self, event: Any) -> Chunk:
        try:
            return read_chunk(event)
        except ValueError as error:
            raise EngineAway(f"The engine at {self._connection.address.label} answers with {error}.") from error

    def _take(self, chunk: Chunk, before: tuple[int, ...], said: _Said) -> bool:
        """Take up the ids of a chunk; False where an id came after which there is nothing of use."""
        said.text += chunk.text
        good = list(takewhile(lambda index: index not in self._ends, chunk.ids or ()))
        said.ids.extend(good)
        # llama.cpp tells of a character in several ids only the last one.
        is_lost = bool(chunk.text) and _LOST in self._base.tokenizer.decode(said.ids[len(before) :])
        if chunk.ids is None or (is_lost and _LOST not in said.text):
            said.ids = [*before, *self._base.tokenizer.encode(said.text)]
        return len(good) == len(chunk.ids or ())

    def _spelled(self, prompt: Sequence[int]) -> str:
        """A prompt as text, for a server that takes nothing else and puts the begin token before it by itself."""
        ids = list(prompt[1:] if prompt[0] == self._base.fim.bos_id else prompt)
        if max(ids, default=0) >= self._base.tokenizer.size:
            raise BadSetting(
                f"The engine at {self._connection.address.label} takes text only, in which the sentinels of "
                f"{self._base.name} have no spelling; set form to prefix, or use a server that takes ids."
            )
        return self._base.tokenizer.decode(ids)


def _generation(request: GenerationRequest, said: _Said) -> Generation:
    ended, logprobs = time.perf_counter(), request.trace.logprobs
    first = said.first or ended
    return Generation(
        ids=tuple(said.ids),
        finish_reason=said.finish_reason,
        prompt_tokens=len(request.prompt),
        reused_tokens=request.trace.reused_tokens,
        mean_logprob=sum(logprobs) / len(logprobs) if logprobs else 0.0,
        prefill_ms=(first - said.started) * 1000,
        decode_ms=(ended - first) * 1000,
    )
