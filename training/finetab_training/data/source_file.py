"""A file that may be trained on or measured with."""

from dataclasses import dataclass
from hashlib import sha256

from finetab.core.languages import Language
from finetab.core.syntax import SyntaxTree, parse
from finetab.documents import Document, open_document


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that has passed all filters."""

    path: str
    """Within its source, with forward slashes."""
    language: Language
    text: str
    source: str = ""
    """The source's name: a folder's, or `package:NAME`, `hub:ID`."""
    licence: str = ""
    """An SPDX expression, "" where none is stated."""
    new_lines: tuple[tuple[int, int], ...] | None = None
    """First and last lines, from 1, that may be measured on; None for all of them."""

    @property
    def digest(self) -> str:
        """The first 16 hex digits of the SHA-256 of the text."""
        return sha256(self.text.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def place(self) -> str:
        """Its path with the folder of its source before it."""
        return f"{self.source.removeprefix('package:')}/{self.path}" if self.source else self.path

    def tree(self) -> SyntaxTree:
        """The syntax tree of the text."""
        return parse(self.text, self.language)

    def document(self) -> Document:
        """The file as an editor would open it."""
        return self.document_of(self.text)

    def document_of(self, text: str) -> Document:
        """The same with another text, in the same place."""
        return open_document(self.place, text, language_id=self.language.name)

    def is_new(self, start: int, end: int) -> bool:
        """Whether every line of `text[start:end]` may be measured on."""
        if self.new_lines is None:
            return True
        first = self.text.count("\n", 0, start) + 1
        last = first + self.text.count("\n", start, end)
        return any(low <= first and last <= high for low, high in self.new_lines)
