"""From logits to the next id."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Step:
    """One chosen id and its log-probability (natural logarithm) among the ids that were allowed."""

    token: int
    logprob: float


def greedy(logits_V: torch.Tensor, forbidden: torch.Tensor, allowed: torch.Tensor | None = None) -> Step:
    """The most likely id that is not forbidden, among the allowed ones where these are given.

    `logits_V` is changed in place.
    """
    logits_V[forbidden] = -torch.inf
    if allowed is not None:
        logits_V = torch.full_like(logits_V, -torch.inf).index_copy_(0, allowed, logits_V[allowed])
    best = torch.argmax(logits_V)
    logprob = logits_V[best].float() - torch.logsumexp(logits_V.float(), dim=0)
    return Step(int(best), float(logprob))
