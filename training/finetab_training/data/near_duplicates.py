"""Near-duplicate files: MinHash over runs of tokens, found again by locality-sensitive hashing (datasketch).

Two files are near-duplicates when about 85% of their runs of five tokens are the same, the threshold that the
large public code corpora use. The first of them stays.
"""

import re
from zlib import crc32

from datasketch import LeanMinHash, MinHash, MinHashLSH

_THRESHOLD = 0.85  # Jaccard similarity
_PERMUTATIONS = 128
_RUN = 5  # tokens
_MIN_TOKENS = 20  # shorter files are too much alike by nature; exact copies are found without this
_TOKEN = re.compile(r"\w+|[^\w\s]")


def tokens_of(text: str) -> list[str]:
    """Words and marks of a text, blank space left out."""
    return _TOKEN.findall(text)


def signature_of(text: str) -> LeanMinHash | None:
    """The MinHash of a text; None for a text too short to tell."""
    tokens = tokens_of(text)
    if len(tokens) < _MIN_TOKENS:
        return None
    runs = {" ".join(tokens[index : index + _RUN]).encode() for index in range(len(tokens) - _RUN + 1)}
    minhash = MinHash(num_perm=_PERMUTATIONS, hashfunc=crc32)
    minhash.update_batch(runs)
    return LeanMinHash(minhash)


class NearDuplicates:
    """The signatures of the files kept so far."""

    def __init__(self) -> None:
        self._index = MinHashLSH(threshold=_THRESHOLD, num_perm=_PERMUTATIONS)
        self._kept: dict[str, LeanMinHash] = {}

    def twin_of(self, key: str, signature: LeanMinHash | None) -> str | None:
        """The key of a kept file that is much the same; where there is none, this one is kept."""
        if signature is None:
            return None
        for candidate in sorted(self._index.query(signature)):
            if self._kept[candidate].jaccard(signature) >= _THRESHOLD:
                return str(candidate)
        self._index.insert(key, signature, check_duplication=False)
        self._kept[key] = signature
        return None
