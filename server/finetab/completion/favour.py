"""What is wanted at a cursor, as ids that an engine is to favour while the line begins."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from finetab.completion.wanted import Wanted
from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids
from finetab.engine.base import Favoured


def favoured(tokenizer: Tokenizer, tail: Sequence[int], what: Wanted | None) -> Favoured:
    """The ids that may begin what is wanted, as an engine asks for them; `tail` is the prompt's."""
    return Favoured() if what is None else Favoured(_Favour(tokenizer, tail, what).ids, asdict(what))


class _Favour:
    """The ids that may begin what is wanted at the end of one prompt."""

    def __init__(self, tokenizer: Tokenizer, tail: Sequence[int], what: Wanted) -> None:
        self._tokenizer = tokenizer
        self._what = what
        self._before = what.left.removesuffix(tokenizer.decode(tail).rpartition("\n")[2])

    def ids(self, said: Sequence[int]) -> Ids | None:
        """Those that may follow the ids that have been said, the tail's among them; None for none."""
        before, line_break, line = self._tokenizer.decode(said).rpartition("\n")
        if before.strip():
            return None
        line = line if line_break else self._before + line
        found = (self._next(line, rest) for rest in self._what.rests(line))
        ids = sorted({index for index in found if index is not None})
        return np.array(ids, dtype=np.int64) if ids else None

    def _next(self, line: str, word: str) -> int | None:
        """The id that goes on from a line where a word follows; None where one id covers the end of the line too."""
        ids = self._tokenizer.encode(line + word)
        for place in range(len(ids)):
            said = self._tokenizer.decode(ids[:place])
            if len(said) >= len(line):
                return ids[place] if said == line else None
        return None
