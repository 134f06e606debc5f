"""Any causal language model of transformers as a network, with PEFT's adapters beside its weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftConfig, PeftModel, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PreTrainedModel

from finetab.adapters.config import ROWS
from finetab.adapters.library import WEIGHTS
from finetab.core.models import embedding_rows
from finetab.engine.kv_cache import KvCache
from finetab.engine.network import NO_ADAPTER
from finetab.errors import BadAdapter

_GUESS_COST = {"cpu": 0.2, "other": 0.05}  # on a CPU by benchmarks/decode.py; a GPU mostly waits for its weights


@dataclass(frozen=True, slots=True)
class _Beside:
    """An adapter in memory: PEFT's own name for it, which may hold no dot, and the embeddings that it brings."""

    slot: str
    indices: torch.Tensor
    rows: torch.Tensor
    """(number of indices, hidden)."""
    replaced: torch.Tensor
    """What stands there without it."""


class TransformersNetwork:
    """See `Network`."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._plain = model
        self._adapted: Any = None  # a PeftModel while there is an adapter
        self._beside: dict[str, _Beside] = {}
        self._num_attached = 0
        self._in_force = NO_ADAPTER

    @property
    def device(self) -> torch.device:
        """See `Network.device`."""
        return next(self._plain.parameters()).device

    @property
    def guess_cost(self) -> float:
        """See `Network.guess_cost`. Kernels for 4-bit weights are made for one token: more of them cost far more."""
        if getattr(self._plain, "is_quantized", False):
            return inf
        return _GUESS_COST["cpu" if self.device.type == "cpu" else "other"]

    def new_cache(self) -> KvCache:
        """See `Network.new_cache`."""
        return KvCache(self._plain.config.num_hidden_layers)

    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_logits: int, adapter: str) -> torch.Tensor:
        """See `Network.evaluate`."""
        self._put_in_force(adapter)
        device = self.device
        model: Any = self._adapted or self._plain
        logits_TV: torch.Tensor = model(
            input_ids=torch.tensor([list(ids)], device=device),
            position_ids=torch.arange(start, start + len(ids), device=device)[None],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=num_logits,
        ).logits[0]
        return logits_TV

    def attach(self, adapter: str, folder: Path) -> None:
        """See `Network.attach`."""
        self._put_in_force(NO_ADAPTER)
        slot = f"adapter{self._num_attached}"
        self._num_attached += 1
        try:
            self._beside[adapter] = self._loaded(slot, folder)
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
            self._remove(slot)
            raise BadAdapter(f"The adapter in {folder} cannot be loaded ({error}); train it again.") from error
        finally:
            if self._adapted is not None:
                self._adapted.base_model.disable_adapter_layers()

    def detach(self, adapter: str) -> None:
        """See `Network.detach`."""
        self._put_in_force(NO_ADAPTER)
        self._remove(self._beside.pop(adapter).slot)

    def _loaded(self, slot: str, folder: Path) -> _Beside:
        """Put the factors beside the weights, and keep the trained rows apart.

        PEFT would copy the whole embedding at each call for them, and cannot have them in one adapter and not in the
        next.
        """
        config = PeftConfig.from_pretrained(str(folder))
        assert isinstance(config, LoraConfig)
        named = config.trainable_token_indices or []
        indices = next(iter(named.values())) if isinstance(named, dict) else named
        config.trainable_token_indices, config.inference_mode = None, True
        state = load_file(folder / WEIGHTS)
        rows = [state.pop(key) for key in list(state) if key.endswith(ROWS)]
        if self._adapted is None:
            self._adapted = PeftModel(self._plain, config, slot)
        else:
            self._adapted.add_adapter(slot, config)
        self._adapted.eval()
        result: Any = set_peft_model_state_dict(self._adapted, state, slot)
        unknown = result.unexpected_keys
        if unknown or len(rows) != bool(indices):
            raise ValueError(f"{unknown[0] if unknown else ROWS} does not fit")
        embedding = embedding_rows(self._plain)
        places = torch.tensor(indices, dtype=torch.long, device=embedding.device)
        brought = rows[0].to(embedding, copy=True) if rows else embedding[:0]  # the file may be written anew
        return _Beside(slot, places, brought, embedding[places].clone())

    def _remove(self, slot: str) -> None:
        """Free an adapter, and with the last one all of PEFT's modules."""
        if self._adapted is None or slot not in self._adapted.peft_config:
            return
        others = [name for name in self._adapted.peft_config if name != slot]
        if others:
            self._adapted.set_adapter(others[0], inference_mode=True)
            self._adapted.delete_adapter(slot)
        else:
            self._adapted.base_model.unload()
            self._adapted = None

    def _put_in_force(self, adapter: str) -> None:
        """Switch where another adapter counted before."""
        if adapter == self._in_force:
            return
        layers = self._adapted.base_model
        embedding = embedding_rows(self._plain)
        with torch.no_grad():
            if self._in_force != NO_ADAPTER:
                before = self._beside[self._in_force]
                embedding[before.indices] = before.replaced
            layers.disable_adapter_layers()
            self._in_force = NO_ADAPTER
            if adapter != NO_ADAPTER:
                beside = self._beside[adapter]
                layers.enable_adapter_layers()
                self._adapted.set_adapter(beside.slot, inference_mode=True)
                embedding[beside.indices] = beside.rows
                self._in_force = adapter
