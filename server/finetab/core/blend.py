"""Adapters named together, `python + mine` or `0.7*python + 0.3*mine`: a sum of what each of them changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from finetab.errors import BadInput

_PLUS, _TIMES = " + ", "*"


@dataclass(frozen=True, slots=True)
class Term:
    """An adapter by its name or folder, and its weight."""

    name: str
    weight: float


def is_blend(text: str) -> bool:
    """Whether a text names several adapters."""
    return _PLUS in text


def parse_blend(text: str) -> tuple[Term, ...]:
    """The terms; without weights each has the same share of one. Raises `BadInput` with what is wrong."""
    found = [_term(part.strip(), text) for part in text.split(_PLUS)]
    weights = {term.weight is None for term in found}
    if len(weights) > 1:
        raise BadInput(f'Some adapters of "{text}" have a weight and some have none; give all of them one, or none.')
    return tuple(Term(each.name, 1 / len(found) if each.weight is None else each.weight) for each in found)


def renamed(text: str, change: Callable[[str], str]) -> str:
    """The same blend with other names."""
    parts = (_term(part.strip(), text) for part in text.split(_PLUS))
    return _PLUS.join(str(replace(part, name=change(part.name))) for part in parts)


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    weight: float | None

    def __str__(self) -> str:
        return self.name if self.weight is None else f"{self.weight:g}{_TIMES}{self.name}"


def _term(part: str, text: str) -> _Part:
    weight, times, name = part.partition(_TIMES)
    if not times:
        weight, name = "", part
    if not name.strip():
        raise BadInput(f'"{text}" has a place without an adapter; write it as python + mine, or 0.7*python + 0.3*mine.')
    try:
        return _Part(name.strip(), float(weight) if times else None)
    except ValueError as error:
        raise BadInput(f'"{weight}" in "{text}" is no weight; write it as 0.7*{name.strip()}.') from error
