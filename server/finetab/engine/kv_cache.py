"""Keys and values of one prompt, in buffers that grow by doubling and can be cut back for free.

transformers' own dynamic cache copies itself whole at every token, and its sliding-window layers forget what
a cut back would need. Here every layer keeps everything; the window is a matter of the attention mask, which
transformers builds from `get_mask_sizes`.
"""

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

_FIRST_CAPACITY = 256  # tokens


class GrowingLayer(CacheLayerMixin):
    """One layer's keys and values, (B, H, capacity, D), of which the first `length` tokens count."""

    is_sliding = False
    is_croppable = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.length = 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Take dtype, device and shape from the first keys."""
        self.dtype, self.device = key_states.dtype, key_states.device
        self.keys = self._buffer(key_states, _FIRST_CAPACITY)
        self.values = self._buffer(value_states, _FIRST_CAPACITY)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append (B, H, T, D) and give all that counts, as views."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        end = self.length + key_states.shape[-2]
        assert self.keys is not None
        assert self.values is not None
        if end > self.keys.shape[-2]:
            self.keys, self.values = self._grown(self.keys, end), self._grown(self.values, end)
        self.keys[..., self.length : end, :] = key_states
        self.values[..., self.length : end, :] = value_states
        self.length = end
        return self.keys[..., :end, :], self.values[..., :end, :]

    def _buffer(self, like: torch.Tensor, capacity: int) -> torch.Tensor:
        return like.new_empty((*like.shape[:-2], capacity, like.shape[-1]))

    def _grown(self, buffer: torch.Tensor, needed: int) -> torch.Tensor:
        grown = self._buffer(buffer, max(needed, 2 * buffer.shape[-2]))
        grown[..., : self.length, :] = buffer[..., : self.length, :]
        return grown

    def crop(self, tokens_to_remove: int) -> None:
        """Forget the last tokens; the count is negative, as transformers has it."""
        self.length = max(0, self.length - abs(tokens_to_remove))

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of the keys that the next query of this length sees."""
        return self.length + query_length, 0

    def get_seq_length(self) -> int:
        """Tokens that count."""
        return self.length

    def get_max_length(self) -> int:
        """No limit of its own."""
        return -1


class KvCache(Cache):
    """The layers of one prompt."""

    def __init__(self, num_layers: int) -> None:
        self._growing = [GrowingLayer() for _ in range(num_layers)]
        super().__init__(layers=list(self._growing))

    @property
    def num_bytes(self) -> int:
        """See `PromptCache.num_bytes`."""
        buffers = [buffer for layer in self._growing if layer.is_initialized for buffer in (layer.keys, layer.values)]
        return sum(buffer.nbytes for buffer in buffers if buffer is not None)

    def keep(self, length: int) -> None:
        """Forget everything after the first `length` tokens."""
        for layer in self._growing:
            layer.length = min(layer.length, length)
