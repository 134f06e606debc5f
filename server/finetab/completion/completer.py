"""The main path: remembered? else context, prompt, engine, stop rules, clean-up."""

import time
from dataclasses import dataclass, replace

from finetab.completion.context import Windows
from finetab.completion.postprocess import clean
from finetab.completion.related import Neighbours
from finetab.completion.request import Answer, CompletionRequest
from finetab.completion.reuse import Memory
from finetab.completion.stopping import StopRule
from finetab.core.fim import FimFormat, Form
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.engine.base import Engine, Generation, GenerationRequest


@dataclass(frozen=True, slots=True)
class Voice:
    """Who answers and how it is asked: everything about the model that the pipeline needs, but the weights."""

    base: str
    adapter: str
    """Name and version, or `base`."""
    tokenizer: Tokenizer
    fim: FimFormat
    form: Form
    budgets: Budgets
    max_new_tokens: int
    may_be_empty: bool = False


class Completer:
    """A `Service`: completes at a cursor with one engine, and remembers what it answered."""

    def __init__(self, engine: Engine, voice: Voice) -> None:
        self.voice = voice
        self.engine = engine
        self.windows = Windows(voice.tokenizer, voice.budgets)
        self._memory = Memory()
        self._neighbours = Neighbours()

    @property
    def base(self) -> str:
        """See `Service.base`."""
        return self.voice.base

    @property
    def adapter(self) -> str:
        """See `Service.adapter`."""
        return self.voice.adapter

    @property
    def label(self) -> str:
        """Base and adapter in force, for people."""
        return f"{self.voice.base} · {self.voice.adapter} · {self.voice.form}"

    def complete(self, request: CompletionRequest) -> Answer:
        """See `Service.complete`."""
        started = time.perf_counter()
        answer = self._memory.find(request)
        if answer is None:
            answer = self._generate(request)
            if answer.why in ("answered", "nothing to add", "filtered"):
                self._memory.remember(request, answer)
        return replace(answer, latency_ms=(time.perf_counter() - started) * 1000)

    def forget(self) -> None:
        """Drop the answers remembered, so that the next request is put to the model as if it were the first."""
        self._memory = Memory()
        self._neighbours.forget()

    def close(self) -> None:
        """See `Service.close`."""
        self.engine.close()

    def _generate(self, request: CompletionRequest) -> Answer:
        related = self._neighbours.related_to(request) if self.voice.budgets.context and request.neighbours else ()
        parts = self.windows.parts(request.document, request.offset, related)
        prompt = self.voice.fim.prompt(parts, self.voice.form)
        rule = StopRule(request, self.voice.tokenizer.decode)
        generation = self.engine.generate(
            GenerationRequest(
                prompt=prompt,
                max_new_tokens=self.voice.max_new_tokens,
                should_stop=rule,
                is_cancelled=request.ticket.is_ended,
                may_be_empty=self.voice.may_be_empty,
            )
        )
        if generation.finish_reason == "cancelled":
            return self._answer("", generation, request)
        text = self.voice.tokenizer.decode(generation.ids)
        return self._answer(text[: rule.end_in(text)], generation, request)

    def _answer(self, text: str, generation: Generation, request: CompletionRequest) -> Answer:
        cleaned, filtered_by = clean(text, request)
        if "\r\n" in request.document.text:
            cleaned = cleaned.replace("\n", "\r\n")
        # A ticket says why it ended; one that has not ended means that the engine was closed, at a swap.
        ended = request.ticket.is_ended() or generation.finish_reason == "cancelled"
        why = request.ticket.why if ended else "filtered" if filtered_by else "answered" if cleaned else None
        return Answer(
            text=cleaned,
            why=why or "nothing to add",
            finish_reason=filtered_by or generation.finish_reason,
            prompt_tokens=generation.prompt_tokens,
            reused_tokens=generation.reused_tokens,
            generated_tokens=len(generation.ids),
            mean_logprob=generation.mean_logprob,
            prefill_ms=generation.prefill_ms,
            decode_ms=generation.decode_ms,
            adapter=self.voice.adapter,
            form=self.voice.form,
        )
