"""From logits to the next id."""

from dataclasses import dataclass

import torch

from finetab.engine.base import NUCLEUS


@dataclass(frozen=True, slots=True)
class Step:
    """One chosen id and its log-probability (natural logarithm) among the ids that were allowed."""

    token: int
    logprob: float


@dataclass(frozen=True, slots=True)
class Choice:
    """How ids are chosen: the likeliest one at temperature 0, else drawn from the likeliest that make up `NUCLEUS`."""

    temperature: float
    generator: torch.Generator

    def of(self, logits_V: torch.Tensor, forbidden: torch.Tensor, allowed: torch.Tensor | None = None) -> Step:
        """One id that is not forbidden, among the allowed ones where there are some. `logits_V` is changed in place."""
        logits_V[forbidden] = -torch.inf
        if allowed is not None:
            logits_V = torch.full_like(logits_V, -torch.inf).index_copy_(0, allowed, logits_V[allowed])
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
