"""From logits to the next id."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from finetab.core.vocabulary import Ids
from finetab.engine.base import NUCLEUS, UPRIGHT, Lean

LEAN = 6.0
"""By how much favoured ids are likelier, and shunned ones less likely, in nats."""


@dataclass(frozen=True, slots=True)
class Step:
    """One chosen id and its log-probability (natural logarithm) among the ids that were allowed."""

    token: int
    logprob: float


@dataclass(frozen=True, slots=True)
class Rules:
    """Where in a row of logits those stand that must not come: never, or only while the answer may not end."""

    end_id: int
    never: torch.Tensor
    not_yet: torch.Tensor
    """Those that never come, and the end."""

    @classmethod
    def of(cls, end_id: int, forbidden: Iterable[int], device: torch.device) -> "Rules":
        """For logits of all ids."""
        never = set(forbidden)
        both = (torch.tensor(sorted(ids), dtype=torch.long, device=device) for ids in (never, {*never, end_id}))
        return cls(end_id, *both)

    def among(self, ids_C: torch.Tensor) -> "Rules":
        """For logits of some ids only."""
        # torch's isin takes forty times as long.
        are_in = (np.isin(ids_C.numpy(), ids.numpy(), kind="table") for ids in (self.never, self.not_yet))
        return Rules(self.end_id, *(torch.from_numpy(is_in.nonzero()[0]) for is_in in are_in))


@dataclass(frozen=True, slots=True)
class Choice:
    """How ids are chosen: the likeliest one at temperature 0, else drawn from the likeliest that make up `NUCLEUS`."""

    temperature: float
    generator: torch.Generator

    def of(
        self, logits_V: torch.Tensor, rules: Rules, allowed: Ids | None = None, lean: Lean = UPRIGHT, *,
        may_end: bool,
    ) -> Step:  # fmt: skip
        """One id within the rules, among the allowed ones where there are some. `logits_V` is changed in place."""
        logits_V[rules.never if may_end else rules.not_yet] = -torch.inf
        for ids, nats in ((lean.favoured, LEAN), (lean.shunned, -LEAN)):
            if ids is not None:
                logits_V[torch.from_numpy(ids).to(logits_V.device)] += nats
        if allowed is not None:
            among = torch.from_numpy(allowed).to(logits_V.device)
            logits_V = torch.full_like(logits_V, -torch.inf).index_copy_(0, among, logits_V[among])
        logits_V = logits_V.float()
        chosen = _likeliest(logits_V) if self.temperature == 0 else self._drawn(logits_V)
        return Step(chosen, float(logits_V[chosen] - torch.logsumexp(logits_V, dim=0)))

    def _drawn(self, logits_V: torch.Tensor) -> int:
        """Nucleus sampling (Holtzman et al. 2020, arXiv 1904.09751)."""
        shares, order = torch.sort(torch.softmax(logits_V / self.temperature, dim=0), descending=True)
        shares[torch.cumsum(shares, dim=0) - shares > NUCLEUS] = 0.0
        drawn = torch.multinomial(shares.cpu(), 1, generator=self.generator)
        return int(order[drawn.to(order.device)])


def _likeliest(logits_V: torch.Tensor) -> int:
    """On a CPU, numpy finds it in a large vocabulary ten times as fast as torch."""
    return int(logits_V.numpy().argmax()) if logits_V.device.type == "cpu" else int(torch.argmax(logits_V))


def choice_of(temperature: float, seed: int) -> Choice:
    """The choice for one request. Draws happen on the CPU, so that a seed means the same on every machine."""
    return Choice(temperature, torch.Generator().manual_seed(seed))
