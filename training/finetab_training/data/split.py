"""Which files are trained on and which are kept back to measure with: by file or by source, never by sample.

A file's side hangs on its path and the seed, so adding a file moves at most two others. Where a repository has
history, `history` splits by time instead.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Literal, TypeAlias

from finetab_training.data.source_file import SourceFile

Side: TypeAlias = Literal["train", "test"]
Sided: TypeAlias = tuple[Side, SourceFile]
_VALIDATION_SHARE = 0.2


def split_by_file(files: Iterable[SourceFile], share: float, seed: int) -> Iterator[Sided]:
    """Each file with its side, as they come; at least one on each side where there are two and `share` is above 0."""
    lowest: tuple[float, SourceFile] | None = None
    highest: tuple[float, SourceFile] | None = None
    for file in files:
        ranked = (_rank(f"{file.source} {file.path}", seed), file)
        if lowest is None or ranked[0] < lowest[0]:
            lowest, ranked = ranked, lowest or ranked
            if ranked is lowest:
                continue
        if highest is None or ranked[0] > highest[0]:
            highest, ranked = ranked, highest or ranked
            if ranked is highest:
                continue
        yield _side(ranked[0], share), ranked[1]
    if lowest is not None:
        yield "test" if share > 0 and highest is not None else "train", lowest[1]
    if highest is not None:
        yield "train", highest[1]


def split_validation(test: Iterable[SourceFile], seed: int) -> tuple[list[SourceFile], list[SourceFile]]:
    """A fifth of the files that are kept back, to choose among checkpoints by, and the others, to measure with.

    What chose must not measure as well, so of a single file nothing is taken.
    """
    return split_again(test, _VALIDATION_SHARE, seed)


def split_again(kept_back: Iterable[SourceFile], share: float, seed: int) -> tuple[list[SourceFile], list[SourceFile]]:
    """A share of the files that were kept back with this seed, and the others."""
    # They have the lowest ranks of their split's seed: it must be another one here.
    sided = list(split_by_file(kept_back, share, ~seed))
    return [file for side, file in sided if side == "test"], [file for side, file in sided if side == "train"]


def split_by_source(names: Sequence[str], share: float, seed: int) -> dict[str, Side]:
    """The side of each source: whole packages are kept back, at least one where there are two."""
    ranked = sorted(names, key=lambda name: _rank(name, seed))
    wanted = max(1, round(share * len(ranked))) if share > 0 and len(ranked) > 1 else 0
    return {name: "test" if index < wanted else "train" for index, name in enumerate(ranked)}


def _side(rank: float, share: float) -> Side:
    return "test" if rank < share else "train"


def _rank(name: str, seed: int) -> float:
    """A number from 0 to below 1 that name and seed decide."""
    return int.from_bytes(sha256(f"{seed} {name}".encode("utf-8", "replace")).digest()[:8], "big") / 2**64
