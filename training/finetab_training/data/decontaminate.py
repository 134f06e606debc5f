"""Training files that hold an evaluation's texts are left out: what is measured on must not be learned."""

from collections import Counter
from collections.abc import Iterable, Iterator
from zlib import crc32

from finetab_training.data.near_duplicates import tokens_of

_RUN = 13  # tokens, as language-model reports use
_SHARE = 0.5  # of one evaluation text's runs, found in one file


class Evaluations:
    """The texts of holes that a build is told to keep out."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sizes: list[int] = []
        self._texts_of: dict[int, list[int]] = {}
        for text in dict.fromkeys(texts):
            runs = set(_runs(text))
            for run in runs:
                self._texts_of.setdefault(run, []).append(len(self._sizes))
            self._sizes.append(len(runs))

    def are_in(self, text: str) -> bool:
        """Whether a file's text holds at least half of any one of them."""
        if not self._sizes:
            return False
        found: Counter[int] = Counter()
        for run in set(_runs(text)):
            found.update(self._texts_of.get(run, ()))
        return any(count >= _SHARE * self._sizes[index] for index, count in found.items())


def _runs(text: str) -> Iterator[int]:
    tokens = tokens_of(text)
    return (crc32(" ".join(tokens[index : index + _RUN]).encode()) for index in range(len(tokens) - _RUN + 1))
