"""Guesses at what a model says next, taken from texts where the same has been said before ("prompt lookup").

Code repeats itself: names, calls and whole lines stand in the prompt already, in the files around it, or in the answer
to the key before. Where the last ids stand there too, what follows them is a guess. To check several guessed ids in one
step costs little more than a step of one, and an id is taken only where the model says it (Leviathan et al. 2022,
arXiv 2211.17192; guesses by lookup are Saxena's, 2023).
"""

from collections import deque
from collections.abc import Sequence
from math import inf, log

import numpy as np

from finetab.core.prefix import common_prefix_length
from finetab.core.vocabulary import Ids

_LONGEST_MATCH = 8  # ids; a longer one says no more
_MOST = 12  # ids guessed at once
_REMEMBERED = 16  # answers
_LEAD = 8  # ids of a prompt that are remembered with its answer
_EXPECTED = (0.2, 0.4, 0.5, 0.6, 0.7, 0.7, 0.8, 0.8)  # how often a guess is right at first, by ids that match
_BELIEF = 20.0  # checked ids that the expectation counts for
_BORDER = -1  # between texts; no id is below 0


class Guesses:
    """Learns how often guesses are right, by how many ids before them match, and guesses as far as that pays.

    `cost` is what one more id in a step costs, as a share of a step of one; `inf` for never guessing.
    """

    def __init__(self, cost: float) -> None:
        self._cost = cost
        self._answers: deque[Ids] = deque(maxlen=_REMEMBERED)
        self._checked = [_BELIEF] * _LONGEST_MATCH
        self._right = [_BELIEF * share for share in _EXPECTED]

    def begin(self, prompt: Sequence[int], hints: Sequence[Ids]) -> "Guesser":
        """Guesses for one answer. Of places that match as well, the last one counts: in the prompt, if it is there."""
        border = np.full(_LONGEST_MATCH, _BORDER)
        parts = [part for text in (*hints, *self._answers) for part in (text, border)]
        return Guesser(self, np.concatenate([border, *parts, np.array(prompt, dtype=np.int64)]))

    def remember(self, prompt: Sequence[int], answer: Sequence[int]) -> None:
        """The next answer may be this one again, or its rest."""
        if answer:
            self._answers.append(np.array([*prompt[-_LEAD:], *answer], dtype=np.int64))

    def num_worthwhile(self, match: int) -> int:
        """How many ids to guess: as long as a step is likelier saved than what it costs to check one more."""
        if self._cost == inf:
            return 0
        return min(_MOST, int(log(self._cost) / log(self._right[match - 1] / self._checked[match - 1])))

    def learn(self, match: int, num_right: int, num_checked: int) -> None:
        """Remember how a guess went."""
        self._right[match - 1] += num_right
        self._checked[match - 1] += num_checked


class Guesser:
    """The guesses of one answer; `text` is all that they may come from, the prompt at its end."""

    def __init__(self, guesses: Guesses, text: Ids) -> None:
        self._guesses = guesses
        self._text = text
        self._match = 1
        self._before: list[int] = []
        self._guessed: list[int] = []
        self.num_guessed = 0
        self.num_right = 0

    def guess(self, said: Sequence[int], most: int) -> list[int]:
        """What may follow the prompt and the ids said since, `most` ids or fewer; what was guessed before is over."""
        self.check(said)
        text = np.append(self._text, np.array(said, dtype=np.int64))
        place, self._match = _last_match(text)
        num_ids = min(most, self._guesses.num_worthwhile(self._match)) if self._match else 0
        following = text[place + 1 : place + 1 + num_ids].tolist() if num_ids > 0 else []
        self._guessed = following[: following.index(_BORDER)] if _BORDER in following else following
        self._before = list(said)
        self.num_guessed += len(self._guessed)
        return list(self._guessed)

    def check(self, said: Sequence[int]) -> None:
        """Learn from what was said since the last guess, which is forgotten."""
        start = len(self._before)
        if self._guessed and list(said[:start]) == self._before:
            num_right = common_prefix_length(self._guessed, said[start:])
            is_wrong = num_right < min(len(self._guessed), len(said) - start)
            self._guesses.learn(self._match, num_right, num_right + is_wrong)
            self.num_right += num_right
        self._guessed = []


def _last_match(text: Ids) -> tuple[int, int]:
    """The last place before the end where most of the last ids stand as well, and how many those are; 0 for none."""
    end = len(text) - 1
    places = np.flatnonzero(text[:end] == text[end])
    if not len(places):
        return end, 0
    for match in range(1, _LONGEST_MATCH):
        longer = places[text[places - match] == text[end - match]]
        if not len(longer):
            return int(places[-1]), match
        places = longer
    return int(places[-1]), _LONGEST_MATCH
