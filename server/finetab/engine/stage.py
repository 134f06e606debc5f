"""Keys and values at one fixed place, on which prompts take turns, so that a step can be captured and replayed.

A captured step reads and writes the same addresses whenever it is replayed. So there is one set of buffers, the stage,
and where in it a step writes is a tensor that is filled in before. A prompt that leaves takes a copy of what counts
with it and brings it back when it returns.
"""

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

_LEAST = 512  # tokens


class StagedCache:
    """See `PromptCache`. Holds a prompt's keys and values while another one is on the stage."""

    def __init__(self) -> None:
        self.length = 0
        self.saved: list[tuple[torch.Tensor, torch.Tensor]] = []
        """By layer, (1, H, length, D) each; empty while it is on the stage."""
        self.bytes_a_token = 0

    @property
    def num_bytes(self) -> int:
        """See `PromptCache.num_bytes`."""
        return self.length * self.bytes_a_token

    def keep(self, length: int) -> None:
        """See `PromptCache.keep`."""
        self.length = min(self.length, length)


class _StageLayer(CacheLayerMixin):
    """One layer's buffers, (1, H, capacity, D)."""

    is_sliding = False

    def __init__(self, stage: "Stage") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._stage = stage

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Take dtype, device and shape from the first keys. What is not written yet must be a number all the same."""
        self.keys, self.values = (
            states.new_zeros((*states.shape[:-2], self._stage.capacity, states.shape[-1]))
            for states in (key_states, value_states)
        )
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write (1, H, T, D) to the stage's places and give the whole buffers; the mask says what counts."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None
        assert self.values is not None
        self.keys.index_copy_(2, self._stage.places, key_states)
        self.values.index_copy_(2, self._stage.places, value_states)
        return self.keys, self.values

    def grow(self, length: int) -> None:
        """Move what counts into buffers of the stage's new capacity."""
        before = (self.keys, self.values)
        if self.keys is not None and self.values is not None:
            self.lazy_initialization(self.keys, self.values)
            for old, new in zip(before, (self.keys, self.values), strict=True):
                assert old is not None
                new[:, :, :length].copy_(old[:, :, :length])

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """All that there is room for."""
        return self._stage.capacity, 0

    def get_seq_length(self) -> int:
        """Asked by nobody who gives positions."""
        return 0

    def get_max_length(self) -> int:
        """The room of now."""
        return self._stage.capacity


class Stage(Cache):
    """The buffers of all layers, and the prompt that is on them."""

    def __init__(self, num_layers: int) -> None:
        self.capacity = _LEAST
        self.places = torch.empty(0, dtype=torch.long)
        """Where the step that runs writes, (T,)."""
        self._holder: StagedCache | None = None
        self._staged = [_StageLayer(self) for _ in range(num_layers)]
        super().__init__(layers=list(self._staged))

    def bring(self, cache: StagedCache, room: int) -> bool:
        """Put a prompt on the stage with room for so many tokens; whether buffers moved, so that captures are void."""
        if self._holder is not cache:
            self._put_away()
            self._holder = cache
            has_moved = self._make_room(max(room, cache.length), 0)
            self._put_back(cache)
            return has_moved
        return self._make_room(room, cache.length)

    def _make_room(self, room: int, length: int) -> bool:
        if room <= self.capacity and self._staged[0].is_initialized:
            return False
        while self.capacity < room:
            self.capacity *= 2
        try:
            for layer in self._staged:
                layer.grow(length)
        except Exception:
            self._clear()
            raise
        return True

    def _clear(self) -> None:
        """Be as new: where memory ran out half-way layers are of two sizes, and the prompt on them is lost."""
        self._holder = None
        self.capacity = _LEAST
        for layer in self._staged:
            layer.keys = layer.values = None
            layer.is_initialized = False

    def _put_away(self) -> None:
        cache = self._holder
        if cache is not None and self._staged[0].is_initialized:
            cache.saved = [
                (layer.keys[:, :, : cache.length].clone(), layer.values[:, :, : cache.length].clone())
                for layer in self._staged
                if layer.keys is not None and layer.values is not None
            ]

    def _put_back(self, cache: StagedCache) -> None:
        for layer, (keys, values) in zip(self._staged, cache.saved, strict=False):
            if not layer.is_initialized:
                layer.lazy_initialization(keys, values)
            assert layer.keys is not None
            assert layer.values is not None
            layer.keys[:, :, : cache.length].copy_(keys[:, :, : cache.length])
            layer.values[:, :, : cache.length].copy_(values[:, :, : cache.length])
        cache.saved = []

    @property
    def bytes_a_token(self) -> int:
        """Of all layers, keys and values."""
        buffers = [buffer for layer in self._staged for buffer in (layer.keys, layer.values) if buffer is not None]
        return sum(buffer.nbytes for buffer in buffers) // self.capacity
