"""What all layers of one evaluation share: where its tokens stand, what they see, how far they are turned."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from finetab.engine.int8.cache import KeyValues
from finetab.engine.int8.shape import Shape, Turning

_FIRST_POSITIONS = 1_024


class Turns:
    """By how much each position turns the numbers of a head, as complex numbers; made once, in growing tables."""

    def __init__(self) -> None:
        self._tables: dict[Turning, torch.Tensor] = {}

    def at(self, turning: Turning, start: int, stop: int) -> torch.Tensor:
        """Of the positions from `start` to before `stop`: (stop - start, 1, dims / 2)."""
        table = self._tables.get(turning)
        if table is None or len(table) < stop:
            positions = torch.arange(max(_FIRST_POSITIONS, 2 * stop))
            angles = torch.outer(positions, turning.speeds())
            table = self._tables[turning] = torch.polar(torch.ones_like(angles), angles)[:, None]
        return table[start:stop]


@dataclass(frozen=True, slots=True)
class View:
    """The keys that tokens may look at from `first` on, and of those what each sees: None for all."""

    first: int
    mask: torch.Tensor | None


@dataclass(slots=True)
class Step:
    """A prompt's tokens at the positions from `start` to before `stop`, and the cache of those before them."""

    shape: Shape
    turns: Turns
    start: int
    stop: int
    cache: KeyValues
    _views: dict[int, View] = field(default_factory=dict)
    _turned: dict[Turning, torch.Tensor] = field(default_factory=dict)

    def end(self, num_tokens: int) -> "Step":
        """Its last tokens alone."""
        if num_tokens == self.stop - self.start:
            return self
        return Step(self.shape, self.turns, self.stop - num_tokens, self.stop, self.cache)

    def turned(self, turning: Turning) -> torch.Tensor:
        """See `Turns.at`."""
        if turning not in self._turned:
            self._turned[turning] = self.turns.at(turning, self.start, self.stop)
        return self._turned[turning]

    def view(self, window: int) -> View:
        """What is seen through a window, 0 for none; the same for all heads that share a key."""
        if window not in self._views:
            self._views[window] = self._made_view(window)
        return self._views[window]

    def _made_view(self, window: int) -> View:
        first = max(0, self.start - window + 1) if window else 0
        if self.stop - self.start == 1:
            return View(first, None)
        own, seen = torch.arange(self.start, self.stop)[:, None], torch.arange(first, self.stop)[None]
        hidden = seen > own
        if window:
            hidden |= seen <= own - window
        mask = torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
        return View(first, mask.repeat(self.shape.num_heads // self.shape.num_kv_heads, 1))


@dataclass(slots=True)
class Batch:
    """Steps of several prompts, evaluated together with one adapter: the tokens of one stand after those of another."""

    steps: Sequence[Step]
    adapter: str
    _turned: dict[Turning, torch.Tensor] = field(default_factory=dict)

    def at(self, ends: Sequence[Step], x_T: torch.Tensor) -> torch.Tensor:
        """Of something with a row for each token, the rows of the ends of the steps."""
        if all(end is step for end, step in zip(ends, self.steps, strict=True)):
            return x_T
        parts = x_T.split([step.stop - step.start for step in self.steps])
        return torch.cat([part[end.start - end.stop :] for part, end in zip(parts, ends, strict=True)])

    def turned(self, turning: Turning) -> torch.Tensor:
        """See `Turns.at`, for all tokens."""
        if turning not in self._turned:
            parts = [step.turned(turning) for step in self.steps]
            self._turned[turning] = parts[0] if len(parts) == 1 else torch.cat(parts)
        return self._turned[turning]
