"""Edits as small as they really are. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from rapidfuzz.distance import LCSseq

from finetab.core.prefix import common_prefix_length
from finetab.documents import LINE_END, Edit

# Comparing more lines than this costs more than it tells.
_MAX_LINES = 2_000


def refined(text: str, edit: Edit) -> Sequence[Edit]:
    """The same edit of `text` in parts that leave equal lines alone, the last one first so that no part moves another.

    A formatter, as some editors tell of it, replaces everything from its first change to its last one.
    """
    edit = trimmed(text, edit)
    old, new = _lines(text[edit.start : edit.end]), _lines(edit.replacement)
    if min(len(old), len(new)) < 2 or max(len(old), len(new)) > _MAX_LINES:
        return [edit]
    parts = []
    place, from_old, from_new = edit.start, 0, 0
    for block in LCSseq.editops(old, new).as_matching_blocks():
        gone, come = "".join(old[from_old : block.a]), "".join(new[from_new : block.b])
        if gone or come:
            parts.append(trimmed(text, Edit(place, place + len(gone), come)))
        from_old, from_new = block.a + block.size, block.b + block.size
        place += len(gone) + sum(map(len, old[block.a : from_old]))
    return parts[::-1]


def trimmed(text: str, edit: Edit) -> Edit:
    """The same edit of `text` without what it replaces by itself at its two ends.

    Editors that complete a word replace it whole; some send a document whole.
    """
    old, new = text[edit.start : edit.end], edit.replacement
    head = common_prefix_length(old, new)
    old, new = old[head:], new[head:]
    tail = common_prefix_length(old[::-1], new[::-1])
    return Edit(edit.start + head, edit.end - tail, new[: len(new) - tail])


def typed_between(before: str, after: str, place: int) -> str | None:
    """What has been typed at a place between two states of a text; None when something else has changed."""
    if after == before:
        return ""
    length = len(after) - len(before)
    is_typing = length >= 0 and after[:place] == before[:place] and after[place + length :] == before[place:]
    return after[place : place + length] if is_typing else None


def _lines(text: str) -> list[str]:
    """Lines with their ends, as the protocol knows them."""
    borders = [0, *(end.end() for end in LINE_END.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(borders) if end > start]
