"""What an engine is: something that continues a sequence of token ids. It knows nothing of text or editors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from finetab.core.vocabulary import Ids

FinishReason: TypeAlias = Literal["end", "stop", "length", "cancelled"]
"""`end`: the model gave its end token; `stop`: the caller's rule said so; `length`: the budget was used up."""


NUCLEUS = 0.95
"""Where ids are drawn, they are drawn from the likeliest that make up this share."""


def never() -> bool:
    """A cancellation that never comes."""
    return False


def no_rule(ids: Sequence[int]) -> bool:
    """A stop rule that never stops."""
    return False


def anything(ids: Sequence[int]) -> Ids | None:
    """A choice that leaves all ids open."""
    return None


@dataclass(slots=True)
class Trace:
    """What is known of an answer while it is being worked out: the engine writes, anybody may read."""

    reused_tokens: int = 0
    """How many tokens of the prompt were not evaluated again."""
    logprobs: list[float] = field(default_factory=list)
    """Of each id that says more than the tail and, where it came, of the end token; natural logarithm."""

    def begin(self, reused_tokens: int) -> list[float]:
        """Forget an answer before; the log-probabilities, to be added to."""
        self.reused_tokens = reused_tokens
        self.logprobs.clear()
        return self.logprobs


@dataclass(frozen=True, slots=True)
class Lean:
    """Ids that are likelier than the model thinks, and ids that are less likely; None for none."""

    favoured: Ids | None = None
    shunned: Ids | None = None

    def among(self, ids: Ids) -> "Lean":
        """The same as places in a row of ids."""
        places = (
            None if found is None else np.isin(ids, found, kind="table").nonzero()[0]
            for found in (self.favoured, self.shunned)
        )  # fmt: skip
        return Lean(*places)


UPRIGHT = Lean()


def no_lean(ids: Sequence[int]) -> Lean:
    """All ids are as likely as the model thinks."""
    return UPRIGHT


@dataclass(frozen=True, slots=True)
class Leaning:
    """What is known of an answer that the model may not see."""

    after: Callable[[Sequence[int]], Lean] = no_lean
    """Which ids are likelier after the new ones so far, and which less likely."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """The same as plain data, for an engine in another process: fields of what it is asked."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A prompt and how far to go on. `is_cancelled` is asked before each step.

    `should_stop` sees the new ids after each; the last of them may be taken back and said anew (`engine/draft.py`).
    """

    prompt: Sequence[int]
    max_new_tokens: int
    should_stop: Callable[[Sequence[int]], bool] = no_rule
    is_cancelled: Callable[[], bool] = never
    may_end: Callable[[Sequence[int]], bool] = bool
    """Whether the end token may follow the new ids so far; not before the first one, unless this says so."""
    tail: int = 0
    """How many ids at the prompt's end are said anew: the answer's ids begin where they begin."""
    allowed: Callable[[Sequence[int]], Ids | None] = anything
    """Which ids may follow the new ones so far; None for all."""
    leaning: Leaning = Leaning()
    temperature: float = 0.0
    """0 takes the likeliest id; above, ids are drawn, the more evenly the higher it is."""
    seed: int = 0
    """Of the draws: the same one draws the same ids."""
    adapter: str = ""
    """Who answers: an adapter that the engine knows by this name, or the base."""
    hints: Sequence[Ids] = ()
    """Texts in which what comes next may stand, likelier ones last. They make it faster and change nothing."""
    trace: Trace = field(default_factory=Trace)

    def by(self, adapter: str) -> "GenerationRequest":
        """The same, asked of an adapter."""
        return replace(self, adapter=adapter)


@dataclass(frozen=True, slots=True)
class Generation:
    """What an engine answered."""

    ids: tuple[int, ...]
    """New ids, the tail's place first, the end token not among them."""
    finish_reason: FinishReason
    prompt_tokens: int
    reused_tokens: int
    """How many tokens of the prompt were not evaluated again."""
    mean_logprob: float
    """Of the ids that say more than the tail and, where it came, the end token; natural logarithm, 0.0 for none."""
    prefill_ms: float
    decode_ms: float
    guessed_tokens: int = 0
    """How many ids were guessed and checked together with others, rather than waited for."""
    accepted_tokens: int = 0
    """How many of those the model said."""


class Engine(Protocol):
    """Continues prompts. Safe to call from any thread; requests are served one at a time."""

    def generate(self, request: GenerationRequest) -> Generation:
        """Block until the answer is complete or the request is cancelled (within one step).

        Changes what the engine remembers of past prompts, never what it answers.
        """
        ...

    def close(self) -> None:
        """Cancel what runs, free the memory and end the engine's thread. Later requests are answered as cancelled."""
        ...
