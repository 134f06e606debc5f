"""The typist of `replay.py`: where somebody pauses who types parts of some files anew."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from finetab.documents import Document, open_document

KINDS = ("cold", "warm", "accept", "back")
_LINES = 8  # of a stretch
_SLIPS, _ACCEPTS = 0.08, 0.25  # a pause
_WORDS = re.compile(r"\w+\s*|[^\w\s]+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Pause:
    """A moment in which an answer is wanted."""

    kind: str
    document: Document
    offset: int
    rest: str
    """Of the line, as it really is."""
    others: tuple[Document, ...]


def session(texts: dict[str, str], stretches: int, keys: int, generator: Random) -> Iterator[Pause]:
    """Somebody at work: stretches of lines typed anew, each in another place, every second one in another file."""
    before: Pause | None = None
    names = list(texts)
    for number in range(stretches):
        name = names[number // 2 % len(names)]
        others = tuple(open_document(other, text) for other, text in texts.items() if other != name)
        last: Pause | None = None
        for kind, text, offset, rest in _typing(texts[name], keys, generator):
            last = Pause(kind, open_document(name, text), offset, rest, others)
            yield last
        if number % 2:
            if before is not None:
                yield replace(before, kind="back")
            before = last


def _typing(text: str, keys: int, generator: Random) -> Iterator[tuple[str, str, int, str]]:
    """Kind, text, offset and the rest of the line, at each pause of a stretch."""
    starts = [found.end() for found in re.finditer(r"\n", text)]
    line = generator.randrange(len(starts) // 8, len(starts) - _LINES)
    start, end = starts[line], starts[line + _LINES] - 1
    at, kind, asked = start, "cold", 0
    while asked < keys and at < end:
        rest = text[at : text.index("\n", at)]
        if rest.strip():
            yield kind, text[:at] + text[end:], at, rest
            kind, asked = "warm", asked + 1
            if generator.random() < _SLIPS:
                yield "warm", text[:at] + "qx" + text[end:], at + 2, rest
                yield "warm", text[:at] + text[end:], at, rest
                asked += 2
        if rest and generator.random() < _ACCEPTS:
            at, kind = text.index("\n", at) + 1, "accept"
        else:
            words = list(_WORDS.finditer(text, at, end))[: generator.randint(1, 3)]
            at = words[-1].end()
