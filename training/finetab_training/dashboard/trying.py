"""One place completed by a base or an adapter, as an editor would have it, with how sure each token was."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from finetab.completion.completer import Completer
from finetab.completion.healing import Healing
from finetab.completion.request import Answer, CompletionRequest
from finetab.core.tokenizer import Tokenizer
from finetab.documents import Document
from finetab.engine.base import Engine, Generation, GenerationRequest


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of an answer."""

    text: str
    probability: float
    """That the model gave it, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An answer and its tokens: their texts together are the answer's."""

    answer: Answer
    pieces: tuple[Piece, ...]


class _Listening:
    """An `Engine` that passes on what it is asked, and keeps the last answer with what each token was worth."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.heard: tuple[GenerationRequest, Generation] | None = None

    def generate(self, request: GenerationRequest) -> Generation:
        """See `Engine.generate`."""
        generation = self._engine.generate(request)
        self.heard = request, generation
        return generation

    def close(self) -> None:
        """The engine belongs to another completer."""


def try_out(completer: Completer, document: Document, offset: int) -> Tried:
    """What a completer says at a place, asked as if for the first time. Blocks until there is an answer."""
    listening = _Listening(completer.engine)
    answer = Completer(listening, completer.voice).complete(CompletionRequest(document, offset))
    if listening.heard is None or not answer.text:
        return Tried(answer, ())
    said = _pieces(completer.voice.tokenizer, *listening.heard)
    return Tried(answer, _cut(said, answer))


def _pieces(tokenizer: Tokenizer, request: GenerationRequest, generation: Generation) -> list[Piece]:
    """All that the model said beyond the prompt's tail, token by token."""
    healing = Healing(tokenizer, request.prompt[len(request.prompt) - request.tail :])
    logprobs = request.trace.logprobs[: -1 if generation.finish_reason == "end" else None]
    first = len(generation.ids) - len(logprobs)  # before it, ids say the tail as it stood and were no choice
    # Bytes that make up no character yet are left to the token that completes it.
    whole = [healing.beyond(generation.ids[:end]).rstrip("\ufffd") for end in range(first, len(generation.ids) + 1)]
    said = zip(pairwise(whole), logprobs, strict=True)
    return [Piece(text[len(before) :], math.exp(logprob)) for (before, text), logprob in said]


def _cut(said: Sequence[Piece], answer: Answer) -> tuple[Piece, ...]:
    """The tokens up to where the answer ends; one for all where a filter has changed more than its end."""
    kept: list[Piece] = []
    left = answer.text
    for piece in said:
        text = piece.text[: len(left)]
        if not left.startswith(text):
            break
        kept += [Piece(text, piece.probability)] if text else []
        left = left[len(text) :]
    return (Piece(answer.text, math.exp(answer.mean_logprob)),) if left else tuple(kept)
