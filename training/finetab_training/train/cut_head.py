"""A frozen head cut to the ids that a run's rows hold.

A vocabulary may be ten times what a run's text makes use of (Gemma's 262,144 against some 20,000 in Python), and where
much of a row counts, its head takes a third of a step. A frozen head has nothing to learn about an id that no row
holds; leaving it out takes from the softmax the share that the base gives to such ids, which in code is next to none.
Only training steps use it: held-out losses are those of the whole head.
"""

from collections.abc import Sequence
from typing import Any

import torch
from peft.tuners.trainable_tokens import TrainableTokensLayer
from torch import nn
from torch.nn import functional

_WORTH_IT = 0.5  # of the vocabulary; a larger part would copy more than it saves


class CutHead:
    """The rows of a head for K ids, in rising order, and trained rows among them as they stand."""

    def __init__(self, weight_KH: torch.Tensor, bias_K: torch.Tensor | None, place_V: torch.Tensor, rows: Any) -> None:
        self._weight_KH, self._bias_K, self._place_V = weight_KH, bias_K, place_V
        self._rows = rows

    def __call__(self, hidden_NH: torch.Tensor) -> torch.Tensor:
        """Logits (N, K)."""
        logits = functional.linear(hidden_NH, self._weight_KH, self._bias_K)
        for name in self._rows.active_adapters if self._rows is not None else ():
            indices = torch.tensor(self._rows.token_indices[name], device=logits.device)
            trained = self._rows.trainable_tokens_delta[name].to(logits.dtype)
            logits.index_copy_(-1, self._place_V[indices], functional.linear(hidden_NH, trained))
        return logits

    def targets(self, ids_N: torch.Tensor) -> torch.Tensor:
        """Where the ids stand among the K."""
        return self._place_V[ids_N]


def cut_head(model: Any, ids: Sequence[int]) -> CutHead | None:
    """The model's head for these ids; None where the whole head is as well, or has something to learn itself."""
    parts = list(model.get_output_embeddings().modules())
    linears = [part for part in parts if isinstance(part, nn.Linear)]
    rows = next((part for part in parts if isinstance(part, TrainableTokensLayer)), None)
    if [type(part) for part in linears] != [nn.Linear] or any(
        weight.requires_grad for weight in linears[0].parameters()
    ):
        return None
    (plain,) = linears
    trained = [index for indices in rows.token_indices.values() for index in indices] if rows is not None else []
    kept = torch.tensor(sorted({*ids, *trained}), device=plain.weight.device)
    size = len(plain.weight)
    if not 0 < len(kept) < _WORTH_IT * size:
        return None
    place = torch.full((size,), -1, device=kept.device)
    place[kept] = torch.arange(len(kept), device=kept.device)
    bias = None if plain.bias is None else plain.bias.detach()[kept]
    return CutHead(plain.weight.detach()[kept], bias, place, rows)
