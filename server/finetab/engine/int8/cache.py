"""Keys and values of one prompt in all layers, in one buffer that grows by doubling."""

from math import prod

import torch

from finetab.core.memory import own_pages
from finetab.engine.int8.shape import Shape

_FIRST_CAPACITY = 1_024  # tokens


class KeyValues:
    """See `PromptCache`. `_held` is (layers, kv heads twice, capacity, head size): keys first, then values."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.length = 0
        self._held = self._buffer(0)

    @property
    def num_bytes(self) -> int:
        """See `PromptCache.num_bytes`."""
        return self._held.nbytes

    def keep(self, length: int) -> None:
        """See `PromptCache.keep`."""
        self.length = min(self.length, length)

    def extend(self, num_tokens: int) -> None:
        """Make room for tokens after those that count, and count them; a layer writes its own before it reads."""
        end, capacity = self.length + num_tokens, self._held.shape[2]
        if end > capacity:
            grown = self._buffer(max(end, 2 * capacity, _FIRST_CAPACITY))
            grown[:, :, : self.length] = self._held[:, :, : self.length]
            self._held = grown
        self.length = end

    def store(
        self, layer: int, both_TNd: torch.Tensor, first: int, start: int, stop: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Put a layer's keys and values of the tokens from `start` to before `stop`; gives all from `first` on.

        `both_TNd` has each token's keys, then its values; what is given is (kv heads, stop - first, head size).
        """
        held = self._held[layer]
        held[:, start:stop] = both_TNd.transpose(0, 1)
        keys, values = held[:, first:stop].chunk(2)
        return keys, values

    def _buffer(self, capacity: int) -> torch.Tensor:
        shape = (len(self._shape.layers), 2 * self._shape.num_kv_heads, capacity, self._shape.head_dim)
        if not capacity:
            return torch.empty(shape)
        return torch.frombuffer(own_pages(prod(shape) * torch.float32.itemsize), dtype=torch.float32).view(shape)
