"""Which of several things are worth their cost."""

from collections.abc import Mapping


def front(points: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """The names of those points (cost, quality) to which no other one is better in one and as good in the other.

    In order of their costs. Points that are the same are all there, or none.
    """
    best = [name for name, point in points.items() if not any(_beats(other, point) for other in points.values())]
    return tuple(sorted(best, key=lambda name: points[name]))


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[0] and one[1] >= other[1] and one != other
