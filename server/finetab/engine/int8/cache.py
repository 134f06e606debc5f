"""Keys and values of one prompt in all layers, in one buffer that grows by doubling."""

import torch

from finetab.engine.int8.shape import Shape

_FIRST_CAPACITY = 1_024  # tokens


class KeyValues:
    """See `PromptCache`. `keys` and `values` are (layers, kv heads, capacity, head size)."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.length = 0
        self.keys, self.values = self._buffer(0), self._buffer(0)

    def keep(self, length: int) -> None:
        """See `PromptCache.keep`."""
        self.length = min(self.length, length)

    def extend(self, num_tokens: int) -> None:
        """Make room for tokens after those that count, and count them; a layer writes its own before it reads."""
        end, capacity = self.length + num_tokens, self.keys.shape[2]
        if end > capacity:
            capacity = max(end, 2 * capacity, _FIRST_CAPACITY)
            self.keys, self.values = self._grown(self.keys, capacity), self._grown(self.values, capacity)
        self.length = end

    def _grown(self, buffer: torch.Tensor, capacity: int) -> torch.Tensor:
        grown = self._buffer(capacity)
        grown[:, :, : self.length] = buffer[:, :, : self.length]
        return grown

    def _buffer(self, capacity: int) -> torch.Tensor:
        return torch.empty(len(self._shape.layers), self._shape.num_kv_heads, capacity, self._shape.head_dim)
