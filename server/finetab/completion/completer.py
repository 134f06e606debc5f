"""The main path: remembered? else context, prompt, engine, stop rules, clean-up."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from finetab.completion.context import Windows
from finetab.completion.cutting import cut_back
from finetab.completion.flight import Flight, Flights
from finetab.completion.healing import Healing
from finetab.completion.hints import Hints
from finetab.completion.leaning import leaning
from finetab.completion.missing import missing
from finetab.completion.neighbours import Choice, Neighbours
from finetab.completion.postprocess import clean
from finetab.completion.request import Answer, CompletionRequest
from finetab.completion.reuse import Memory, following
from finetab.completion.stopping import StopRule
from finetab.completion.unwanted import unwanted
from finetab.completion.wanted import wanted
from finetab.core.fim import FimFormat, Form, Parts
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.engine.base import Engine, Generation, GenerationRequest

_TEMPERATURE = 0.7
_MAX_REPEATS = 2  # draws that give nothing new, after which the model is believed to be sure


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
    """Whether it was taught empty answers; nobody else may end before having begun."""


class Completer:
    """A `Service`: completes at a cursor with one engine, and remembers what it answered."""

    def __init__(self, engine: Engine, voice: Voice) -> None:
        self.voice = voice
        self.engine = engine
        self.windows = Windows(voice.tokenizer, voice.budgets)
        self._memory = Memory()
        self._flights = Flights()
        self._neighbours = Neighbours()
        self._hints = Hints(voice.tokenizer)

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

    def recall(self, request: CompletionRequest) -> Answer | None:
        """See `Service.recall`."""
        answer = self._memory.find(request)
        # What somebody types into is on the screen already, or has just been confirmed by a letter.
        return _if_sure(answer, request) if answer is not None and answer.why != "typed through" else answer

    def complete(self, request: CompletionRequest) -> Answer:
        """See `Service.complete`."""
        started = time.perf_counter()
        answer = self.recall(request) or _if_sure(self._asked(request), request)
        return replace(answer, latency_ms=(time.perf_counter() - started) * 1000)

    def take_over(self, request: CompletionRequest) -> Future[None] | None:
        """See `Service.take_over`: its own place or, where an answer has just been taken whole, the line after it."""
        ahead = following(request, "") if self._memory.was_taken(request) else None
        wanted = [request] if ahead is None else [request, ahead]
        return self._flights.take_over(request.document.path, wanted)

    def look_ahead(self, request: CompletionRequest, answer: Answer) -> None:
        """See `Service.look_ahead`: the line after the answer, where the answer ends its line."""
        ahead = following(request, answer.text)
        if ahead is not None and self._memory.find(ahead) is None:
            self._asked(ahead)

    def forget(self) -> None:
        """Drop the answers remembered, so that the next request is put to the model as if it were the first."""
        self._memory = Memory()
        self._neighbours.forget()

    def close(self) -> None:
        """See `Service.close`."""
        self.engine.close()

    def _asked(self, request: CompletionRequest) -> Answer:
        """What the model answers, remembered for the place that it was asked for, whoever it is for by now."""
        with self._flights.begin(request) as flight:
            answer = self._candidates(request, flight)
            if answer.why in ("answered", "nothing to add", "filtered") and not flight.is_over():
                self._memory.remember(request, answer)
        return answer

    def _candidates(self, request: CompletionRequest, flight: Flight) -> Answer:
        """What the model answers, and what it says when it draws its words, where more candidates are wanted."""
        choice = self._neighbours.related_to(request) if self.voice.budgets.context else Choice()
        parts = self.windows.parts(request.document, request.offset, choice.chunks)
        answer = replace(self._said(request, parts, flight), left_out=choice.left_out)
        seed = repeats = 0
        while answer.text and len(answer.others) < request.num_candidates - 1 and repeats < _MAX_REPEATS:
            seed += 1
            other = self._said(request, parts, flight, seed)
            if other.why == "answered" and other.text not in (answer.text, *answer.others):
                answer = replace(answer, others=(*answer.others, other.text))
            else:
                repeats += 1
        return answer

    def _said(self, request: CompletionRequest, parts: Parts, flight: Flight, seed: int = 0) -> Answer:
        """One answer: the likeliest words, or with a seed, words drawn by how likely they are."""
        healing = Healing(self.voice.tokenizer, parts.tail)
        sees_below = self.voice.form != "prefix"
        what = missing(request) or wanted(request) if sees_below else None
        not_what = unwanted(request, sees_below=sees_below)
        rule = StopRule(request)

        def is_complete(ids: Sequence[int]) -> bool:
            flight.said = healing.beyond(ids)
            return rule(flight.said)

        generation = self.engine.generate(
            GenerationRequest(
                prompt=self.voice.fim.prompt(parts, self.voice.form),
                max_new_tokens=self.voice.max_new_tokens,
                should_stop=is_complete,
                is_cancelled=flight.is_over,
                may_end=lambda ids: self.voice.may_be_empty or healing.beyond(ids) != "",
                tail=len(parts.tail),
                allowed=healing.allowed,
                leaning=leaning(self.voice.tokenizer, parts.tail, what, not_what),
                temperature=_TEMPERATURE if seed else 0.0,
                seed=seed,
                hints=self._hints.around(request),
            )
        )
        if generation.finish_reason == "cancelled":
            return self._answer("", generation, request)
        text = healing.beyond(generation.ids)
        end = rule.end_in(text)
        if end is None and generation.finish_reason == "length":
            end = rule.closed_in(text)
            text = cut_back(text, request) if end is None else text
        return self._answer(text[:end], generation, request)

    def _answer(self, text: str, generation: Generation, request: CompletionRequest) -> Answer:
        cleaned, filtered_by = clean(text, request)
        if "\r\n" in request.document.text:
            cleaned = cleaned.replace("\n", "\r\n")
        # A ticket says why it ended; one that has not ended means that the engine was closed, at a swap.
        ended = generation.finish_reason == "cancelled"
        why = request.ticket.why if ended else "filtered" if filtered_by else "answered" if cleaned else None
        return Answer(
            text=cleaned,
            why=why or "nothing to add",
            finish_reason=filtered_by or generation.finish_reason,
            prompt_tokens=generation.prompt_tokens,
            reused_tokens=generation.reused_tokens,
            generated_tokens=len(generation.ids),
            guessed_tokens=generation.guessed_tokens,
            accepted_tokens=generation.accepted_tokens,
            mean_logprob=generation.mean_logprob,
            prefill_ms=generation.prefill_ms,
            decode_ms=generation.decode_ms,
            base=self.voice.base,
            adapter=self.voice.adapter,
            form=self.voice.form,
        )


def _if_sure(answer: Answer, request: CompletionRequest) -> Answer:
    """The answer, or none where the model was less sure of it than is asked for."""
    if not answer.text or answer.mean_logprob >= request.min_logprob:
        return answer
    return replace(answer, text="", others=(), why="not sure enough")
