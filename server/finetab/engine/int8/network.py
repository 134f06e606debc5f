"""A network with weights in 8 bits, on the CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from finetab.core.vocabulary import Ids
from finetab.engine.int8.additions import read_additions
from finetab.engine.int8.cache import KeyValues
from finetab.engine.int8.decoder import Decoder
from finetab.engine.network import NO_ADAPTER, LikelyHead, Part

_GUESS_COST = 0.08  # benchmarks/decode.py: a step of 8 tokens takes about 1.5 times that of one
# As shares of the weights' numbers: of 270 million, 4% beside them are a sixth of a prompt's time and a fifth of a
# step's, and packing takes 0.4 s; of 7 billion the same rank is 1%, and packing would take a quarter of a minute.
_WORTH = 0.02


class Int8Network:
    """See `Network`, `TogetherNetwork` and `CutNetwork`.

    `spelled` are ids whose embeddings begin as the mean of others'; to `likely` ones the head is cut, where given.
    Without `is_bare` an adapter is to be attached before anything else, so that weights are not packed twice.
    """

    def __init__(
        self, folder: Path, spelled: Mapping[int, Sequence[int]], likely: Ids | None = None, *, is_bare: bool = True
    ) -> None:
        self._decoder = Decoder(folder, likely)
        self._linears = [linear for layer in self._decoder.layers for linear in layer.linears]
        means = {index: self._decoder.embeddings(ids).mean(dim=0) for index, ids in spelled.items()}
        self._rows = {NO_ADAPTER: means}
        if is_bare:
            self._arrange()

    @property
    def device(self) -> torch.device:
        """See `Network.device`."""
        return torch.device("cpu")

    @property
    def guess_cost(self) -> float:
        """See `Network.guess_cost`."""
        return _GUESS_COST

    def new_cache(self) -> KeyValues:
        """See `Network.new_cache`."""
        return KeyValues(self._decoder.shape)

    @torch.inference_mode()
    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_logits: int, adapter: str) -> torch.Tensor:
        """See `Network.evaluate`. A tied head keeps the file's rows for the spelled ids and an adapter's."""
        return self.evaluate_together([Part(ids, start, cache, num_logits)], adapter)[0]

    @torch.inference_mode()
    def evaluate_together(self, parts: Sequence[Part], adapter: str) -> list[torch.Tensor]:
        """See `TogetherNetwork.evaluate_together`."""
        states_TH = self._decoder.states(parts, adapter, self._rows[adapter])
        return list(self.logits(states_TH).split([part.num_logits for part in parts]))

    @torch.inference_mode()
    def states(self, ids: Sequence[int], start: int, cache: Any, num_states: int, adapter: str) -> torch.Tensor:
        """See `CutNetwork.states`."""
        return self._decoder.states([Part(ids, start, cache, num_states)], adapter, self._rows[adapter])

    def logits(self, states_TH: torch.Tensor) -> torch.Tensor:
        """See `CutNetwork.logits`."""
        return self._decoder.head.logits(states_TH)

    def likely_head(self, prompt: Sequence[int]) -> LikelyHead | None:
        """See `CutNetwork.likely_head`."""
        return self._decoder.head.after(prompt)

    def attach(self, adapter: str, folder: Path) -> None:
        """See `Network.attach`."""
        additions, rows = read_additions(folder, self._linears)
        for linear, addition in additions:
            linear.additions[adapter] = addition
        self._rows[adapter] = self._rows[NO_ADAPTER] | rows
        self._arrange()

    def detach(self, adapter: str) -> None:
        """See `Network.detach`."""
        for linear in self._linears:
            linear.additions.pop(adapter, None)
        del self._rows[adapter]
        self._arrange()

    def _arrange(self) -> None:
        """Put an adapter that is alone into the weights, where it costs nothing; several lie beside them."""
        adapters = [name for name in self._rows if name != NO_ADAPTER]
        within = adapters[0] if len(adapters) == 1 and self._is_worth_it(adapters[0]) else NO_ADAPTER
        for linear in self._linears:
            linear.take_in(within)

    def _is_worth_it(self, adapter: str) -> bool:
        """Whether what an adapter adds to each product is not too little for all weights to be read and packed anew."""
        added = sum(linear.additions[adapter].num_numbers for linear in self._linears if adapter in linear.additions)
        return added > _WORTH * sum(linear.num_numbers for linear in self._linears)
