"""What is wanted at a cursor and what is not, as ids that are likelier, or less likely, while the line begins."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np

from finetab.completion.indentation import indentation
from finetab.completion.missing import Missing
from finetab.completion.unwanted import Unwanted
from finetab.completion.wanted import Wanted
from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids
from finetab.engine.base import UPRIGHT, Lean, Leaning


def leaning(
    tokenizer: Tokenizer, tail: Sequence[int], what: Missing | Wanted | None, not_what: Unwanted | None
) -> Leaning:
    """What an engine is asked to lean to and away from; `tail` is the prompt's."""
    told = {type(one).__name__.lower(): asdict(one) for one in (what, not_what) if one is not None}
    return Leaning(_Beginning(tokenizer, tail, what, not_what).lean, told) if told else Leaning()


class _Beginning:
    """How the line at the end of one prompt begins."""

    def __init__(
        self, tokenizer: Tokenizer, tail: Sequence[int], what: Missing | Wanted | None, not_what: Unwanted | None
    ) -> None:
        self._tokenizer = tokenizer
        self._what, self._not_what = what, not_what
        left = what.left if what is not None else not_what.left if not_what is not None else ""
        text = tokenizer.decode(tail)
        self._above = text[: text.rfind("\n") + 1]
        self._before = left.removesuffix(text[len(self._above) :])

    def lean(self, said: Sequence[int]) -> Lean:
        """To which ids, and away from which, after those that have been said, the tail's among them."""
        text = self._tokenizer.decode(said)
        before, line_break, line = text[len(self._above) :].rpartition("\n")
        if before.strip() or not text.startswith(self._above):
            return UPRIGHT
        line = line if line_break else self._before + line
        return Lean(_array(self._favoured(line)), None if line.strip() else _array(self._shunned(line)))

    def _favoured(self, line: str) -> Iterator[int]:
        for rest in () if self._what is None else self._what.rests(line):
            index = self._next(line, rest)
            if index is not None:
                yield index

    def _shunned(self, line: str) -> Iterator[int]:
        if self._not_what is None:
            return
        vocabulary = self._tokenizer.vocabulary
        for blank in ("", " "):  # a token may hold the last blank and the word
            for mark in self._not_what.comments:
                yield from vocabulary.beginning_with(f"{blank}{mark}")
            if indentation(f"{line}{blank}") == self._not_what.column:
                for word in self._not_what.last:
                    yield from vocabulary.equal_to(f"{blank}{word}")

    def _next(self, line: str, word: str) -> int | None:
        """The id that goes on from a line where a word follows; None where one id covers the end of the line too."""
        ids = self._tokenizer.encode(line + word)
        for place in range(len(ids)):
            said = self._tokenizer.decode(ids[:place])
            if len(said) >= len(line):
                return ids[place] if said == line else None
        return None


def _array(found: Iterator[int]) -> Ids | None:
    ids = sorted(set(found))
    return np.array(ids, dtype=np.int64) if ids else None
