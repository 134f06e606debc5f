"""A network without weights, for tests of what stands around one."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import torch


class HollowNetwork:
    """See `Network`. Answers nothing, and keeps the names of its adapters."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def guess_cost(self) -> float:
        return inf

    def new_cache(self) -> Any:
        return None

    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_logits: int, adapter: str) -> torch.Tensor:
        return torch.zeros(num_logits, 3)

    def attach(self, adapter: str, folder: Path) -> None:
        self.names.append(adapter)

    def detach(self, adapter: str) -> None:
        self.names.remove(adapter)
