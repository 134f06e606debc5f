"""What Python code imports from where: a list that ships, made by `recipes/known_imports.py` from many packages."""

import sys
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent.parent / "shipped" / "imports.txt"


def modules_of(name: str) -> tuple[str, ...]:
    """The modules that it is imported from, the usual one first."""
    return _known().get(("from", name), ())


def modules_as(name: str) -> tuple[str, ...]:
    """The modules that are given this name, the usual one first."""
    return _known().get(("as", name), ())


def is_module(name: str) -> bool:
    """Whether a module of Python's own has this name."""
    return name in sys.stdlib_module_names


@cache
def _known() -> dict[tuple[str, str], tuple[str, ...]]:
    lines = (line.split(" ") for line in FILE.read_text(encoding="utf-8").splitlines())
    return {(kind, name): tuple(modules) for kind, name, *modules in lines}
