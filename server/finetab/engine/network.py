"""What an engine asks of a model: evaluate ids after those it has seen, with one adapter or none beside the weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

NO_ADAPTER = ""


class PromptCache(Protocol):
    """The keys and values of one prompt."""

    @property
    def num_bytes(self) -> int:
        """The memory that they take."""
        ...

    def keep(self, length: int) -> None:
        """Forget everything after the first `length` tokens."""
        ...


class Network(Protocol):
    """A base's weights and the adapters beside them, which several users may share. Used from one thread at a time."""

    @property
    def device(self) -> torch.device:
        """Where ids go and logits come from."""
        ...

    @property
    def guess_cost(self) -> float:
        """What one more id in a step costs, as a share of a step of one; `inf` where nothing is to be guessed."""
        ...

    def new_cache(self) -> PromptCache:
        """A cache for a prompt that begins."""
        ...

    def evaluate(
        self, ids: Sequence[int], start: int, cache: PromptCache, num_logits: int, adapter: str
    ) -> torch.Tensor:
        """Evaluate ids at the positions from `start` on; the logits (num_logits, V) that follow the last ones.

        The cache holds the `start` ids before them and takes these up. `adapter` is the name of one that was attached,
        or `NO_ADAPTER`; a cache is for one adapter only.
        """
        ...

    def attach(self, adapter: str, folder: Path) -> None:
        """Put an adapter of the LoRA family beside the weights, by a name. Raises `BadAdapter` when it does not fit."""
        ...

    def detach(self, adapter: str) -> None:
        """Take an adapter away again."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One prompt's share in an evaluation of several; see `Network.evaluate`."""

    ids: Sequence[int]
    start: int
    cache: Any
    num_logits: int


@runtime_checkable
class TogetherNetwork(Network, Protocol):
    """A network whose weights are fetched once for several prompts."""

    def evaluate_together(self, parts: Sequence[Part], adapter: str) -> list[torch.Tensor]:
        """Evaluate the next ids of several prompts, each with a cache of its own; the logits of each."""
        ...


class LikelyHead(Protocol):
    """A head cut to the ids that are likely after one prompt."""

    @property
    def ids(self) -> torch.Tensor:
        """Those ids, (C,)."""
        ...

    def logits(self, states_TH: torch.Tensor) -> torch.Tensor:
        """Their logits, (T, C)."""
        ...


@runtime_checkable
class CutNetwork(Network, Protocol):
    """A network whose head can be asked apart: of the likely ids at each step, of all ids for several steps at once.

    A state is what the head sees of a place, (H,); the logits of all ids are those that `evaluate` would have given.
    """

    def likely_head(self, prompt: Sequence[int]) -> LikelyHead | None:
        """The head for the ids that are likely after a prompt; None where all of it is always asked."""
        ...

    def states(self, ids: Sequence[int], start: int, cache: Any, num_states: int, adapter: str) -> torch.Tensor:
        """As `evaluate`, but the states (num_states, H) of the last ids."""
        ...

    def logits(self, states_TH: torch.Tensor) -> torch.Tensor:
        """The logits of all ids, (T, V)."""
        ...
