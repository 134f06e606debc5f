"""Which layers to factor and to which ranks, so that a budget of numbers is kept and least is lost.

A layer (out, in) has out * in numbers whole and rank * (out + in) factored, so factoring pays below the rank of
out * in / (out + in) only. Each layer says what it loses at each rank. At a price for a number every layer chooses by
itself what is cheapest, loss and price together; the price is then the one at which the budget is kept. What is left
over, since a layer may jump from a low rank to being whole, goes rank by rank to where it brings most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Layer:
    """A linear layer, and what is lost at each rank from 0; losses of different layers add up."""

    name: str
    outputs: int
    inputs: int
    losses: Sequence[float]

    @property
    def size(self) -> int:
        """Its numbers when it is whole."""
        return self.outputs * self.inputs

    @property
    def ranks(self) -> range:
        """Those at which factoring makes it smaller."""
        return range(1, min(len(self.losses), -(-self.size // (self.outputs + self.inputs))))

    def size_at(self, rank: int) -> int:
        """Its numbers at a rank."""
        return rank * (self.outputs + self.inputs)


def choose_ranks(layers: Sequence[Layer], ratio: float) -> dict[str, int]:
    """The rank of each layer that is factored, all numbers together at most `ratio` of what they were.

    A ratio that is too low to be kept gives the lowest ranks that there are.
    """
    budget = ratio * sum(layer.size for layer in layers)
    low, high = 0.0, 1.0
    while _size(layers, _at(layers, high)) > budget and high < 1e30:
        high *= 10
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _size(layers, _at(layers, middle)) > budget else (low, middle)
    return _filled(layers, _at(layers, high), budget)


def _filled(layers: Sequence[Layer], ranks: dict[str, int], budget: float) -> dict[str, int]:
    """The ranks raised as far as the budget goes."""
    room = budget - _size(layers, ranks)
    by_name = {layer.name: layer for layer in layers if layer.name in ranks}
    gains = [(-_gain(layer, ranks[name]), name) for name, layer in by_name.items()]
    heapify(gains)
    while gains:
        _, name = heappop(gains)
        layer = by_name[name]
        if ranks[name] + 1 in layer.ranks and layer.size_at(1) <= room:
            ranks[name] += 1
            room -= layer.size_at(1)
            heappush(gains, (-_gain(layer, ranks[name]), name))
    return ranks


def _gain(layer: Layer, rank: int) -> float:
    """What one more rank takes off the loss, by the number."""
    return (layer.losses[rank] - layer.losses[rank + 1]) / layer.size_at(1) if rank + 1 in layer.ranks else 0.0


def _at(layers: Sequence[Layer], price: float) -> dict[str, int]:
    """What each layer chooses at a price for a number."""
    chosen = {}
    for layer in layers:
        best, cost = 0, price * layer.size
        for rank in layer.ranks:
            at_rank = layer.losses[rank] + price * layer.size_at(rank)
            if at_rank < cost:
                best, cost = rank, at_rank
        if best:
            chosen[layer.name] = best
    return chosen


def _size(layers: Sequence[Layer], ranks: dict[str, int]) -> int:
    return sum(layer.size_at(ranks[layer.name]) if layer.name in ranks else layer.size for layer in layers)
