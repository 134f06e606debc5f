"""How far two sequences begin alike: prompts, of which the first part has been paid for, and texts."""

from collections.abc import Sequence


def common_prefix_length(first: Sequence[object], second: Sequence[object]) -> int:
    """The number of leading elements that two sequences of one type share.

    >>> common_prefix_length([1, 2, 3], [1, 2, 4, 5])
    2
    """
    low, high = 0, min(len(first), len(second))
    # Compare halves as slices: equality runs in C, so a shared prefix of thousands costs microseconds.
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
