"""The nouns of a completion: what is asked, and what is answered."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from finetab.core.progress import Progress
from finetab.documents import Document
from finetab.settings import Settings

Why: TypeAlias = Literal[
    "answered",
    "typed through",
    "taken over",
    "remembered",
    "nothing to add",
    "filtered",
    "not sure enough",
    "superseded",
    "cancelled",
]
"""How an answer came about, or why there is none. `taken over`: it was being worked out for the request before."""


class Ticket:
    """One request's right to go on. Set by one thread; read by any."""

    def __init__(self) -> None:
        self.ended: Future[float] = Future()
        """Done when the request is withdrawn, with the time on the clock of `time.monotonic`."""
        self.why: Why = "cancelled"

    def end(self, why: Literal["superseded", "cancelled"]) -> None:
        """Withdraw the request; the first reason given stays."""
        if not self.ended.done():
            self.why = why
            self.ended.set_result(time.monotonic())

    def is_ended(self) -> bool:
        """Whether the request has been withdrawn."""
        return self.ended.done()


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A cursor in a snapshot of a document."""

    document: Document
    offset: int
    """Characters before the cursor."""
    ticket: Ticket = field(default_factory=Ticket)
    neighbours: tuple[Document, ...] = ()
    """The other open files, which may tell what belongs here."""
    closed: tuple[Document, ...] = ()
    """Those that were edited and closed lately, as they were then."""
    folders: tuple[str, ...] = ()
    """The workspace's, whose files may be read where the document imports them."""
    num_candidates: int = 1
    """How many different answers are wanted."""
    min_logprob: float = -math.inf
    """How sure the model must be, as the mean log-probability of what it says."""

    @property
    def prefix(self) -> str:
        """The text before the cursor."""
        return self.document.text[: self.offset]

    @property
    def suffix(self) -> str:
        """The text after the cursor."""
        return self.document.text[self.offset :]


@dataclass(frozen=True, slots=True)
class Answer:
    """The text to insert at the cursor, empty for none, and what it cost."""

    text: str
    why: Why
    others: tuple[str, ...] = ()
    """Further candidates, each different."""
    finish_reason: str = ""
    """The engine's, or the filter's name when a filter took the text away."""
    latency_ms: float = 0.0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    generated_tokens: int = 0
    guessed_tokens: int = 0
    accepted_tokens: int = 0
    """Of the guessed ones, those that came true; see `Generation`."""
    mean_logprob: float = 0.0
    prefill_ms: float | None = None
    """The engine's time for the prompt, and below for the answer: for a remembered one, what it took then."""
    decode_ms: float | None = None
    base: str = ""
    adapter: str = "base"
    """Name and version of the adapter that answered, or `base`."""
    form: str = ""
    left_out: tuple[str, ...] = ()
    """Files that could have given context but must not, each with the reason."""

    def cost(self) -> dict[str, object]:
        """What it took, as plain data, for the command line and for `finetab.why`."""
        return {
            "finish_reason": self.finish_reason,
            "latency_ms": round(self.latency_ms, 1),
            "prompt_tokens": self.prompt_tokens,
            "reused_tokens": self.reused_tokens,
            "generated_tokens": self.generated_tokens,
            "guessed_tokens": self.guessed_tokens,
            "accepted_tokens": self.accepted_tokens,
            "mean_logprob": round(self.mean_logprob, 4),
            "adapter": self.adapter,
            "form": self.form,
            **({"left_out": list(self.left_out)} if self.left_out else {}),
        }


class Service(Protocol):
    """A loaded model that completes: what the language server is given."""

    @property
    def base(self) -> str:
        """The base in force."""
        ...

    @property
    def adapter(self) -> str:
        """Name and version of the adapter in force, or `base`."""
        ...

    @property
    def label(self) -> str:
        """Base and adapter in force, for people."""
        ...

    def recall(self, request: CompletionRequest) -> Answer | None:
        """The answer if it needs no model, at once; else None."""
        ...

    def take_over(self, request: CompletionRequest) -> Future[None] | None:
        """What is being worked out goes on for this request, where what was typed since agrees with it; else it stops.

        Gives what ends with it: then `recall` knows the answer, or what was typed turned out to be something else. None
        where nothing goes on.
        """
        ...

    def look_ahead(self, request: CompletionRequest, answer: Answer) -> None:
        """Work out what may be asked when the answer has been taken, so that `recall` knows it; blocks meanwhile."""
        ...

    def complete(self, request: CompletionRequest) -> Answer:
        """Block until there is an answer.

        Soon after the request's ticket has ended it returns without one, unless another request has taken it over.
        """
        ...

    def close(self) -> None:
        """Withdraw what runs and free the model."""
        ...


LoadService: TypeAlias = Callable[[Settings, Progress], Service]
"""Loads the model that the settings ask for. Slow; raises `FinetabError` with what to do."""
