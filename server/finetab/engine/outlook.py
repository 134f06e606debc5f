"""What may come after each of some ids that were evaluated: logits of all ids, or of the likely ones at first."""

from typing import Protocol

import torch

from finetab.engine.network import CutNetwork, LikelyHead


class Outlook(Protocol):
    """Of places in a row."""

    def logits(self, place: int) -> torch.Tensor:
        """Of all ids, (V,); to be asked once for a place, and may be written to."""
        ...


class WholeOutlook:
    """See `Outlook`; `logits_TV` are those of all places."""

    def __init__(self, logits_TV: torch.Tensor) -> None:
        self._logits_TV = logits_TV

    def logits(self, place: int) -> torch.Tensor:
        """See `Outlook.logits`."""
        return self._logits_TV[place]


class CutOutlook:
    """See `Outlook`; the head is asked when it is known what for."""

    def __init__(self, network: CutNetwork, head: LikelyHead, states_TH: torch.Tensor) -> None:
        self._network = network
        self._head = head
        self._likely_TC: torch.Tensor | None = None
        self.states_TH = states_TH

    def logits(self, place: int) -> torch.Tensor:
        """See `Outlook.logits`."""
        return self._network.logits(self.states_TH[place : place + 1])[0]

    def likely_logits(self, place: int) -> torch.Tensor:
        """Of the likely ids, (C,); may be written to as well."""
        if self._likely_TC is None:
            self._likely_TC = self._head.logits(self.states_TH)
        return self._likely_TC[place]
