"""From a decoder's states to logits: of all ids, or of the few that are likely.

With a vocabulary of 262,144 tokens the head holds more numbers than all layers of a small model, and code is written
with a few of them. So each step asks the likely ids only, and what it says is checked afterwards against all of them,
several steps at once: the head's weights are then fetched once for all (see `engine/decoding.py`).
"""

from collections.abc import Sequence

import torch

from finetab.core.tensor_file import TensorFiles
from finetab.core.vocabulary import Ids
from finetab.engine.int8.linear import Linear
from finetab.engine.network import NO_ADAPTER


class CutHead:
    """See `LikelyHead`: rows in 8 bits that stay, and some of one prompt as the file has them."""

    def __init__(self, linear: Linear, ids: torch.Tensor, rows_EH: torch.Tensor) -> None:
        self._linear = linear
        self._rows_EH = rows_EH
        self.ids = ids

    def logits(self, states_TH: torch.Tensor) -> torch.Tensor:
        """See `LikelyHead.logits`."""
        return torch.cat([self._linear(states_TH, NO_ADAPTER), states_TH @ self._rows_EH.T], dim=1)


class Head:
    """All rows of a head and, where `likely` ids are known, those once more by themselves."""

    def __init__(self, files: TensorFiles, name: str, likely: Ids | None) -> None:
        self._files = files
        self._name = f"{name}.weight"
        self._all = Linear(files, [name])
        self._all.take_in(NO_ADAPTER)
        self._some: Linear | None = None
        if likely is not None:
            self._ids = torch.from_numpy(likely)
            self._some = Linear(files, [name], self._ids)
            self._some.take_in(NO_ADAPTER)
            self._is_rare = torch.ones(files.shape(self._name)[0], dtype=torch.bool).index_fill_(0, self._ids, False)

    def logits(self, states_TH: torch.Tensor) -> torch.Tensor:
        """Of all ids, (T, V)."""
        return self._all(states_TH, NO_ADAPTER)

    def after(self, prompt: Sequence[int]) -> CutHead | None:
        """The head for what is likely after a prompt: what code is written with, and what the prompt is."""
        if self._some is None:
            return None
        own = torch.unique(torch.tensor(prompt, dtype=torch.long))
        own = own[self._is_rare[own]]
        return CutHead(self._some, torch.cat([self._ids, own]), self._files.rows_at(self._name, own.tolist()))
