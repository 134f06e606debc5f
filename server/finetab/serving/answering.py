"""One answer while it is worked out: the engine's thread tells each step, the event loop sends it on."""

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from finetab.completion.healing import Healing
from finetab.completion.leaning import leaning
from finetab.core.tokenizer import Tokenizer
from finetab.engine.base import Generation, GenerationRequest, Trace
from finetab.serving.asked import Asked

_UNFINISHED = "\ufffd"  # the last character, of which some bytes are still to come
_REASONS = {"end": "stop", "stop": "stop", "length": "length", "cancelled": "abort"}


@dataclass(frozen=True, slots=True)
class _News:
    """What an answer has come to at a step, in numbers of ids: a client may read slowly, and no step is kept twice."""

    num_ids: int
    num_logprobs: int
    reused_tokens: int


class Answering:
    """An answer to one request. Used on the event loop.

    Whoever leaves it calls `leave`; then it ends within a step.
    """

    def __init__(self, asked: Asked, tokenizer: Tokenizer) -> None:
        self._asked = asked
        self._tokenizer = tokenizer
        self._is_left = threading.Event()
        self._arrived: asyncio.Queue[_News | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._id = f"cmpl-{uuid.uuid4().hex}"
        self._trace = Trace()
        self._ids: list[int] = []
        self._sent = _News(0, 0, 0)
        self._sent_text = ""
        self._work: Future[Generation] | None = None

    def leave(self) -> None:
        """Nobody wants the answer any more; work that has not begun is not begun."""
        self._is_left.set()
        if self._work is not None:
            self._work.cancel()

    async def chunks(self, work: Future[Generation]) -> AsyncIterator[dict[str, Any]]:
        """The events that tell what comes of the work; the last one says why it ended. Raises what the work raises."""
        self._work = work
        work.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._arrived.put_nowait, None))
        try:
            while (news := await self._arrived.get()) is not None:
                yield self._chunk(news, None)
            if work.cancelled():
                yield self._chunk(_News(0, 0, 0), "abort")
                return
            found = work.result()
            yield self._chunk(self._news(found.ids, found.reused_tokens), _REASONS[found.finish_reason])
        finally:
            self.leave()

    def whole(self, chunks: Sequence[Any]) -> dict[str, Any]:
        """The answer in one piece."""
        choices = [chunk["choices"][0] for chunk in chunks]
        scores = [choice["logprobs"]["token_logprobs"] for choice in choices]
        last = choices[-1] | {
            "text": "".join(choice["text"] for choice in choices),
            "token_ids": [index for choice in choices for index in choice["token_ids"]],
            "logprobs": {"token_logprobs": [score for part in scores for score in part]},
        }
        return {**chunks[-1], "choices": [last]}

    def request(self) -> GenerationRequest:
        """What the base's engine is to be asked."""
        asked = self._asked
        tail = asked.prompt[len(asked.prompt) - asked.tail :]
        healing = Healing(self._tokenizer, tail)
        return GenerationRequest(
            prompt=asked.prompt,
            max_new_tokens=asked.max_tokens,
            should_stop=self._step,
            is_cancelled=self._is_left.is_set,
            may_end=lambda ids: not asked.min_tokens or healing.beyond(ids) != "",
            tail=asked.tail,
            allowed=healing.allowed,
            leaning=leaning(self._tokenizer, tail, asked.what, asked.not_what),
            temperature=asked.temperature,
            seed=asked.seed,
            trace=self._trace,
        )

    def _step(self, ids: Sequence[int]) -> bool:
        """Called in the engine's thread after each id: send it on; whether one of the client's stops has come."""
        news = self._news(ids, self._trace.reused_tokens)
        self._loop.call_soon_threadsafe(self._arrived.put_nowait, news)
        return bool(self._asked.stop) and self._cut(self._tokenizer.decode(ids)) is not None

    def _news(self, ids: Sequence[int], reused_tokens: int) -> _News:
        self._ids.extend(ids[len(self._ids) :])
        return _News(len(ids), len(self._trace.logprobs), reused_tokens)

    def _cut(self, text: str) -> int | None:
        found = [at for at in map(text.find, self._asked.stop) if at >= 0]
        return min(found, default=None)

    def _settled(self, text: str) -> str:
        """As much of a text as stays whatever comes: not half a character, and not what a stop may begin with."""
        if text.endswith(_UNFINISHED):
            return self._sent_text
        held = [length for stop in self._asked.stop for length in range(len(stop)) if text.endswith(stop[:length])]
        return text[: len(text) - max(held, default=0)]

    def _chunk(self, news: _News, reason: str | None) -> dict[str, Any]:
        text = self._tokenizer.decode(self._ids[: news.num_ids])
        text = text[: self._cut(text)]
        if reason is None:
            text = self._settled(text)
        new_text, self._sent_text = text[len(self._sent_text) :], text
        choice = {
            "index": 0,
            "text": new_text,
            "token_ids": self._ids[self._sent.num_ids : news.num_ids],
            "logprobs": {"token_logprobs": self._trace.logprobs[self._sent.num_logprobs : news.num_logprobs]},
            "finish_reason": reason,
        }
        self._sent = news
        return {
            "id": self._id,
            "object": "text_completion",
            "created": int(time.time()),
            "model": self._asked.model,
            "choices": [choice],
            "usage": {
                "prompt_tokens": len(self._asked.prompt),
                "completion_tokens": news.num_ids,
                "total_tokens": len(self._asked.prompt) + news.num_ids,
                "prompt_tokens_details": {"cached_tokens": news.reused_tokens},
            },
        }
