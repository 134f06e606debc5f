"""Steps chosen among the likely ids, and checked against all ids a few at a time.

A step's state does not depend on the head, so the check asks the whole head what it would have said at each place, in
one go: its weights are fetched once instead of at every step. Where it says another id, that one counts, and what came
after is said anew. So the ids, and what they are worth, are those of the whole head, whatever the likely ids are; those
only decide how often something is said twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from finetab.engine.base import Lean
from finetab.engine.network import CutNetwork, LikelyHead
from finetab.engine.outlook import CutOutlook
from finetab.engine.sampling import Rules, Step, choice_of

_MOST = 12  # steps to a check: more of them take as much longer as they are more


@dataclass(slots=True)
class Pace:
    """How many steps go unchecked: one after a wrong one, then twice as many after each right check."""

    steps: int = _MOST

    def learn(self, *, is_right: bool) -> None:
        """Take note of a check."""
        self.steps = min(_MOST, 2 * self.steps) if is_right else 1


@dataclass(frozen=True, slots=True)
class _Unchecked:
    place: int
    state: torch.Tensor
    """(H,)."""
    lean: Lean
    may_end: bool
    token: int


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check went."""

    right: list[Step]
    """The steps that stand, with what they are worth among all ids."""
    other: Step | None = None
    """What comes instead of the first one that does not, and of all after it."""
    place: int = 0
    """Where that is."""


class Draft:
    """The unchecked steps of one answer. The likeliest id is taken, so answers that are drawn have no draft."""

    def __init__(self, network: CutNetwork, head: LikelyHead, rules: Rules, pace: Pace) -> None:
        self._network, self._head = network, head
        self._rules, self._likely_rules = rules, rules.among(head.ids)
        self._choice = choice_of(temperature=0.0, seed=0)
        self._pace = pace
        self._unchecked: list[_Unchecked] = []

    @property
    def num_unchecked(self) -> int:
        """Steps since the last check."""
        return len(self._unchecked)

    @property
    def is_due(self) -> bool:
        """Whether it is time to check."""
        return self.num_unchecked >= self._pace.steps

    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_places: int, adapter: str) -> CutOutlook:
        """As `Network.evaluate`; what may come after the last ids."""
        states_TH = self._network.states(ids, start, cache, num_places, adapter)
        return CutOutlook(self._network, self._head, states_TH)

    def step(self, outlook: CutOutlook, index: int, lean: Lean, *, place: int, may_end: bool) -> Step:
        """The likeliest of the likely ids after one of an outlook's places, and what it is worth among them.

        `place` is that in the answer.
        """
        among = lean.among(self._head.ids.numpy())
        step = self._choice.of(outlook.likely_logits(index), self._likely_rules, None, among, may_end=may_end)
        token = int(self._head.ids[step.token])
        self._unchecked.append(_Unchecked(place, outlook.states_TH[index], lean, may_end, token))
        return Step(token, step.logprob)

    def check(self) -> Checked:
        """Hold the unchecked steps against all ids; from then on nothing is unchecked."""
        unchecked, self._unchecked = self._unchecked, []
        right: list[Step] = []
        if not unchecked:
            return Checked(right)
        logits_TV = self._network.logits(torch.stack([one.state for one in unchecked]))
        for one, logits_V in zip(unchecked, logits_TV, strict=True):
            step = self._choice.of(logits_V, self._rules, None, one.lean, may_end=one.may_end)
            if step.token != one.token:
                self._pace.learn(is_right=False)
                return Checked(right, step, one.place)
            right.append(step)
        self._pace.learn(is_right=True)
        return Checked(right)
