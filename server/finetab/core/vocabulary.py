"""What tokens spell, sorted by it: which of them can stand where the end of a text has been cut off.

A cursor rarely stands where a tokenizer would cut. After "return " a model wants " y", but the space has been read as
a token of its own; after "retur" it wants "return". Such an end is loose: a longer token begins like it. The model
says a loose end anew, held to its letters ("token healing", as in Microsoft's guidance).
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

_LAST = "\U0010ffff"


class Vocabulary:
    """Tokens by their text. `texts` has one for each id, empty for those that must never be chosen by it."""

    def __init__(self, texts: Sequence[str]) -> None:
        order = sorted((index for index, text in enumerate(texts) if text), key=texts.__getitem__)
        self._texts = [texts[index] for index in order]
        self._ids: Ids = np.array(order, dtype=np.int64)
        self.that_fit = lru_cache(maxsize=64)(self._that_fit)

    def is_loose(self, end: str) -> bool:
        """Whether a longer token begins with this end of a text, and the end can be said letter by letter."""
        is_longer = len(self._at_one_line(end)) > len(self.equal_to(end))
        return is_longer and all(len(self.equal_to(letter)) for letter in end)

    def _that_fit(self, text: str) -> Ids:
        """Ids of the tokens that begin with a text or that it begins with: what may be said where it stood.

        A text with a line break is not followed by another one: the cursor's line has been begun.
        """
        parts = [self.equal_to(text[:length]) for length in range(1, len(text))]
        return np.concatenate([*parts, self._at_one_line(text)])

    def beginning_with(self, text: str) -> Ids:
        """Ids of the tokens that begin with a text."""
        return self._ids[self._those_with(text)]

    def equal_to(self, text: str) -> Ids:
        """Ids of the tokens that are a text."""
        return self._ids[bisect_left(self._texts, text) : bisect_left(self._texts, text + "\0")]

    def _at_one_line(self, text: str) -> Ids:
        there = self._those_with(text)
        if "\n" not in text:
            return self._ids[there]
        places = range(there.start, there.stop)
        return self._ids[[at for at in places if not self._texts[at].startswith("\n", len(text))]]

    def _those_with(self, text: str) -> slice:
        return slice(bisect_left(self._texts, text), bisect_left(self._texts, text + _LAST))
