"""What the model sees of a document: windows of tokens before and after the cursor that stay put while typing.

A window that slides at each keystroke changes every position in the prompt and throws the KV cache away. So
the text is divided into cells of a fixed number of characters, each cell has one anchor (the first statement
that begins a line in it), and the prefix starts at the earliest anchor from which it fits its budget. Typing
moves the start only when the budget is full, and then by a whole cell. What is cut off leaves its imports and open
signatures behind, above the window. The suffix starts at the cursor and
does not change while one types before it.

Training builds its samples with this same class, so that a model meets in service what it was trained on.
"""

from collections.abc import Sequence
from functools import lru_cache

from finetab.completion.heading import heading
from finetab.completion.related import Chunk
from finetab.core.fim import Parts
from finetab.core.manifest import Budgets
from finetab.core.syntax import border_after
from finetab.core.tokenizer import Tokenizer
from finetab.documents import Document

# No token of the known tokenizers stands for more characters of code than this, runs of spaces aside.
_MAX_CHARACTERS_PER_TOKEN = 12
_CACHED_SEGMENTS = 1024
_HEADING_SHARE = 6  # of a prefix's budget, one part


def as_seen(text: str) -> str:
    """A text as the model sees it: line ends are newlines, whatever the file has."""
    return text.replace("\r\n", "\n")


class Windows:
    """Cuts prompt parts out of documents, within budgets of tokens."""

    def __init__(self, tokenizer: Tokenizer, budgets: Budgets) -> None:
        self._tokenizer = tokenizer
        self._budgets = budgets
        # About a quarter of the budget: code has three to four characters a token.
        self._cell = max(budgets.prefix, 64)
        self._heading_room = budgets.prefix // _HEADING_SHARE
        self._count = lru_cache(maxsize=_CACHED_SEGMENTS)(lambda segment: len(tokenizer.encode(as_seen(segment))))

    def parts(self, document: Document, offset: int, related: Sequence[Chunk] = ()) -> Parts:
        """The prompt's parts for a cursor after `offset` characters; related chunks come best first."""
        prefix = self._prefix(document, offset)
        cut = len(prefix) - self._tokenizer.loose_end(prefix)
        suffix = self._suffix(document.text, offset)
        return Parts(
            context=self._context(document, self._unseen(document, offset, suffix, related)),
            prefix=prefix[:cut],
            suffix=suffix,
            tail=prefix[cut:],
        )

    def _unseen(
        self, document: Document, offset: int, suffix: Sequence[int], related: Sequence[Chunk]
    ) -> Sequence[Chunk]:
        """The chunks without those of the document itself that the windows show."""
        if all(chunk.path != document.path for chunk in related):
            return related
        first = document.text.count("\n", 0, self.prefix_start(document, offset))
        last = document.text.count("\n", 0, offset) + self._tokenizer.decode(suffix).count("\n")
        return [chunk for chunk in related if chunk.path != document.path or chunk.end <= first or last < chunk.line]

    def _context(self, document: Document, related: Sequence[Chunk]) -> tuple[int, ...]:
        """The best chunks that fit, whole or their first lines, in file order, each under the name of its file."""
        comment = document.language.comment if document.language is not None else "#"
        room, kept = self._budgets.context, []
        for chunk in related:
            lines = as_seen(chunk.text).splitlines(keepends=True)
            while lines:
                text = f"{comment} {chunk.label}\n{''.join(lines)}"
                cost = self._count(text)
                if cost <= room:
                    room -= cost
                    kept.append((chunk.path, chunk.line, text))
                    break
                lines = lines[: len(lines) // 2]
        ids = self._tokenizer.encode("".join(text for _, _, text in sorted(kept)))
        return tuple(ids[: self._budgets.context])  # pieces can be a token longer together than apart

    def _prefix(self, document: Document, offset: int) -> tuple[int, ...]:
        start = self.prefix_start(document, offset)
        above = self._heading(document, start) if start else []
        ids = self._tokenizer.encode(as_seen(document.text[start:offset]))
        return (*above, *ids[len(above) - self._budgets.prefix :])

    def _heading(self, document: Document, start: int) -> list[int]:
        """The heading of a window that begins at `start`, its first lines left out where it is over its share."""
        if document.language is None or document.tree is None:
            return []
        lines, room = [], self._heading_room
        first_line = document.text[start:].lstrip("\r\n").partition("\n")[0]
        for line in reversed(heading(document.text[:start], first_line, document.language)):
            room -= self._count(f"{line}\n")
            if room < 0:
                break
            lines.append(f"{line}\n")
        return self._tokenizer.encode(as_seen("".join(reversed(lines))))[: self._heading_room]

    def prefix_start(self, document: Document, offset: int) -> int:
        """Where the prefix window begins: an anchor, the start of the text, or (a line too long) inside it.

        Where a text is not seen from its start, a part of the budget is left to a heading.
        """
        start = self._start_within(document, offset, self._budgets.prefix)
        if start == 0 or document.tree is None:
            return start
        return self._start_within(document, offset, self._budgets.prefix - self._heading_room)

    def _start_within(self, document: Document, offset: int, budget: int) -> int:
        line_start = document.text.rfind("\n", 0, offset) + 1
        start, room = offset, budget - self._line_cost(document.text[line_start:offset])
        for anchor in self._anchors_before(document, offset):
            room -= self._count(document.text[anchor : min(start, line_start)])
            if room < 0:
                break
            start = anchor
        if start < offset or offset == 0:
            return start
        return max(0, offset - budget * _MAX_CHARACTERS_PER_TOKEN)

    def _line_cost(self, line: str) -> int:
        """Tokens set aside for the cursor's line, in coarse steps.

        Counted to the token, a window that is just full would jump to and fro while one types: a keystroke can
        merge tokens as well as add them.
        """
        step = max(1, self._budgets.prefix // 8)
        seen = line[-self._budgets.prefix * _MAX_CHARACTERS_PER_TOKEN :]  # a longer one fills the window anyway
        return step * (1 + self._count(seen) // step)

    def _anchors_before(self, document: Document, offset: int) -> list[int]:
        """Anchors from the nearest to the farthest that could be of use, the start of the text last."""
        reach = max(0, offset - self._budgets.prefix * _MAX_CHARACTERS_PER_TOKEN)
        anchors = []
        for cell in range((offset - 1) // self._cell, reach // self._cell - 1, -1):
            anchor = 0 if cell <= 0 else _anchor(document, cell * self._cell, (cell + 1) * self._cell, offset)
            if anchor is not None:
                anchors.append(anchor)
        return anchors

    def _suffix(self, text: str, offset: int) -> tuple[int, ...]:
        budget = self._budgets.suffix
        reach = offset + budget * _MAX_CHARACTERS_PER_TOKEN
        ids = self._tokenizer.encode(as_seen(text[offset:reach]))
        if len(ids) <= budget and reach >= len(text):
            return tuple(ids)
        # End at the end of a line, so that the model never sees a line cut in two.
        kept = self._tokenizer.decode(ids[:budget]).rstrip("\ufffd")
        line_end = kept.rfind("\n") + 1
        return tuple(self._tokenizer.encode(kept[: line_end or len(kept)])[:budget])


def _anchor(document: Document, start: int, end: int, offset: int) -> int | None:
    """Where a window may begin in the cell `[start, end)`; only text before `offset` decides, so typing moves none."""
    seen = min(end, offset)
    border = border_after(document.tree, start, seen) if document.tree is not None else None
    if border is not None:
        return border
    line_end = document.text.find("\n", start, seen - 1)
    if line_end >= 0:
        return line_end + 1
    return start if end <= offset else None  # a line longer than a cell is cut; the cursor's own is not
