"""A notebook's cells; those of one language make one text, in the notebook's order. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell's text."""

    language_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells in order, by their URIs. A cell that the client does not send has no text."""

    order: tuple[str, ...]
    cells: Mapping[str, Cell]

    def languages(self) -> frozenset[str]:
        """The editor's names of the cells' languages."""
        return frozenset(cell.language_id for cell in self.cells.values())

    def like(self, language_id: str) -> Iterator[tuple[str, str]]:
        """URI and text of a language's cells."""
        for uri in self.order:
            cell = self.cells.get(uri)
            if cell is not None and cell.language_id == language_id:
                yield uri, cell.text

    def joined(self, language_id: str) -> str:
        """The text of a language's cells."""
        return _BETWEEN.join(text for _, text in self.like(language_id))

    def start_of(self, uri: str) -> int:
        """Characters before a cell in the text of its language."""
        start = 0
        for other, text in self.like(self.cells[uri].language_id):
            if other == uri:
                break
            start += len(text) + len(_BETWEEN)
        return start
