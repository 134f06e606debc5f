"""Adapters named together, `python + mine` or `0.7*python + 0.3*mine`: a sum of what each of them changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

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


def names_in(text: str) -> tuple[str, ...]:
    """The names in an adapter's place: one, or those of a blend. What cannot be read is taken for a name."""
    parts = _parts(text)
    return tuple(part.name for part in parts) if parts else (text,)


def renamed(text: str, change: Callable[[str], str]) -> str:
    """One name, or a blend, with other names. A blend that cannot be read stays as it is: who reads it says why."""
    if not is_blend(text):
        return change(text)
    return _PLUS.join(str(replace(part, name=change(part.name))) for part in _parts(text)) or text


def called(text: str) -> str:
    """One adapter, or a blend, as people and the statistics call it: by names, where the text may have folders."""
    return renamed(text, lambda name: Path(name).name)


def _parts(text: str) -> "list[_Part]":
    """Of a blend; none where the text is no blend, or one that cannot be read."""
    if not is_blend(text):
        return []
    try:
        return [_term(part.strip(), text) for part in text.split(_PLUS)]
    except BadInput:
        return []


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
