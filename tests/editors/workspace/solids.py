"""Solids and their measures."""

from dataclasses import dataclass


@dataclass
class Box:
    width: float
    height: float
    depth: float

    def volume(self) -> float:
        return self.width * self.height * self.depth

    def surface(self) -> float:
        sides = self.width * self.height + self.height * self.depth
        return 2 * (sides + self.depth * self.width)


@dataclass
class Cube:
    edge: float

    def volume(self) -> float:
        return self.edge**3

    def surface(self) -> float:
        return 6 * self.edge**2
