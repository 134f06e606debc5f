"""A transformers model whose short steps are captured once as CUDA graphs and replayed.

A step of one token on a GPU is a thousand small kernels, and starting them one by one takes longer than running them.
A graph starts them all at once. It is bound to addresses and to shapes: so keys and values lie on a stage
(`engine/stage.py`), and the ids of a step are padded to one of a few widths. What the padding writes lies behind all
that counts, and the next step overwrites it. Without CUDA the same steps are run as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from finetab.engine.stage import Stage, StagedCache
from finetab.engine.transformers_network import TransformersNetwork

_WIDTHS = (1, 2, 4, 8, 16, 32)
"""Of captured steps: one token, a few that are checked at once, what was typed. Longer ones are run as they are."""
_WARM_UPS = 2  # libraries choose their kernels and take their memory at the first calls, which cannot be captured


@dataclass(frozen=True, slots=True)
class _Step:
    """Fixed inputs, (1, width) and (width,), and what runs on them and gives the logits (width, V)."""

    ids: torch.Tensor
    places: torch.Tensor
    run: Callable[[], torch.Tensor]


class CapturedNetwork(TransformersNetwork):
    """See `Network`."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        self._stage = Stage(model.config.num_hidden_layers)
        self._steps: dict[tuple[str, int], _Step] = {}
        self._memory: Any = None  # what all graphs share

    def new_cache(self) -> Any:
        """See `Network.new_cache`."""
        return StagedCache()

    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_logits: int, adapter: str) -> torch.Tensor:
        """See `Network.evaluate`."""
        self._put_in_force(adapter)
        width = next((width for width in _WIDTHS if width >= len(ids)), len(ids))
        if self._stage.bring(cache, start + width):
            self._steps.clear()
        padded = [*ids, *[0] * (width - len(ids))]
        logits_TV = self._padded(padded, start, width if width in _WIDTHS else num_logits, adapter)
        cache.length = start + len(ids)
        cache.bytes_a_token = self._stage.bytes_a_token
        end = len(logits_TV) - (width - len(ids))
        return logits_TV[end - num_logits : end].clone()  # the next replay writes to the same place

    def detach(self, adapter: str) -> None:
        """See `Network.detach`."""
        self._steps = {key: step for key, step in self._steps.items() if key[0] != adapter}
        super().detach(adapter)

    def _padded(self, ids: list[int], start: int, num_logits: int, adapter: str) -> torch.Tensor:
        device = self.device
        ids_1T = torch.tensor([ids], device=device)
        places_T = torch.arange(start, start + len(ids), device=device)
        if len(ids) not in _WIDTHS:
            return self._forward(ids_1T, places_T, num_logits)
        step = self._steps.get((adapter, len(ids)))
        if step is None:
            step = self._steps[adapter, len(ids)] = self._prepared(ids_1T, places_T)
        step.ids.copy_(ids_1T)
        step.places.copy_(places_T)
        return step.run()

    def _prepared(self, ids_1T: torch.Tensor, places_T: torch.Tensor) -> _Step:
        """A step of this width. To run it twice on the same inputs writes the same keys and values twice."""

        def run() -> torch.Tensor:
            return self._forward(ids_1T, places_T, len(places_T))

        if ids_1T.device.type != "cuda":
            return _Step(ids_1T, places_T, run)
        return _Step(ids_1T, places_T, self._captured(run))

    def _captured(self, run: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._memory):
            logits_TV = run()
        self._memory = self._memory or graph.pool()

        def replay() -> torch.Tensor:
            graph.replay()
            return logits_TV

        return replay

    def _forward(self, ids_1T: torch.Tensor, places_T: torch.Tensor, num_logits: int) -> torch.Tensor:
        """Evaluate ids at places; the logits (num_logits, V) that follow the last ones."""
        self._stage.places = places_T
        model: Any = self._adapted or self._plain
        logits_TV: torch.Tensor = model(
            input_ids=ids_1T,
            attention_mask=self._masks(places_T),
            position_ids=places_T[None],
            past_key_values=self._stage,
            use_cache=True,
            logits_to_keep=num_logits,
        ).logits[0]
        return logits_TV

    def _masks(self, places_T: torch.Tensor) -> Any:
        """What each place sees, (1, 1, T, capacity): itself and all before it, in some layers the nearest of these."""
        config = self._plain.config
        keys_C = torch.arange(self._stage.capacity, device=places_T.device)
        all_TC = keys_C[None] <= places_T[:, None]
        window = getattr(config, "sliding_window", None)
        near_TC = all_TC if window is None else all_TC & (keys_C[None] > places_T[:, None] - window)
        kinds = set(getattr(config, "layer_types", None) or ())
        if kinds:
            masks = {"full_attention": all_TC, "sliding_attention": near_TC}
            return {kind: masks[kind][None, None] for kind in kinds}
        return near_TC[None, None]
