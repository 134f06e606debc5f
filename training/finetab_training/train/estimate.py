"""How much memory a run will need, before anything is loaded.

weights       4.127 bits a number in NF4 with double quantisation (Dettmers et al. 2023), else the dtype's bytes; on a
              processor a byte more for the way back (`frozen.py`)
additions     what is trained: values, gradients and the optimiser's state
activations   what one packed row leaves for the backward pass, seen on a single layer of the true width
head          a chunk of logits with its gradient, and the gradients of all counted positions
at work       the largest matrix, decoded from 4 bits to be multiplied with
"""

from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig

from finetab.core.bases import real_name
from finetab.core.fim import fim_row
from finetab_training.config import RunConfig
from finetab_training.methods.base import Method, Target
from finetab_training.methods.lora import LORA
from finetab_training.train.frozen import can_round, use_rounded_gradients
from finetab_training.train.loss import CHUNK_LOGITS
from finetab_training.train.random_base import empty_model, random_model

_NF4_BYTES = 4.127 / 8
_PROBE_TOKENS = 128
_PROBE_ROWS = 64  # of the vocabulary: the probe is about layers
ROWS = (0, 1, 2)  # they stand for those of sentinels
_SAME_SHAPE = ("pissa", "loftq", "eva")  # as lora, but started from weights or data


_WITHOUT_ROWS = ("ia3", "vera", "full")  # no rows of sentinels apart from what they train


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes, and what they come from."""

    parameters: int
    trainable: int
    weights: float
    additions: float
    activations: float
    head: float
    at_work: float

    @property
    def total(self) -> float:
        """All together, in bytes."""
        return self.weights + self.additions + self.activations + self.head + self.at_work

    def table(self) -> dict[str, float]:
        """In GB, by what it is for."""
        named = asdict(self) | {"in all": self.total}
        return {
            name.replace("_", " "): value / 1e9
            for name, value in named.items()
            if name not in ("parameters", "trainable")
        }


def estimate(
    shape: PretrainedConfig, method: Method, config: RunConfig, device: torch.device, dtype: torch.dtype
) -> Estimate:
    """The memory of one process that trains a base of this shape."""
    model = empty_model(shape, dtype)
    head = model.get_output_embeddings()
    matrices = [module for module in model.modules() if isinstance(module, nn.Linear) and module is not head]
    parameters = sum(weight.numel() for weight in model.parameters())
    quantised = sum(matrix.weight.numel() for matrix in matrices) if method.quantisation == "nf4" else 0
    largest = max(matrix.weight.numel() for matrix in matrices) if quantised else 0
    rounded = sum(matrix.weight.numel() for matrix in matrices) if _rounds(config, method, device, dtype) else 0
    weights = (parameters - quantised) * dtype.itemsize + quantised * _NF4_BYTES + rounded
    trainable = trainable_parameters(shape, method, config, dtype)
    # Additions are held in float32, their gradients too, the base's own weights in its dtype; Adam keeps two numbers
    # for each, of 8 bits on CUDA.
    is_full = config.method == "full"
    number = dtype.itemsize if is_full else 4
    small_state = config.optimiser == "paged_adamw_8bit" or (device.type == "cuda" and config.optimiser == "auto")
    per_parameter = (0 if is_full else number) + number + (2 if small_state else 2 * number)
    width = int(shape.hidden_size)
    logits = min(CHUNK_LOGITS, config.row_tokens * int(shape.vocab_size))
    of_head = 3 * int(shape.vocab_size) * width * dtype.itemsize if is_full else 0
    per_layer = _activations(shape, config, device, dtype)
    layers = int(shape.num_hidden_layers)
    kept = config.row_tokens * width * dtype.itemsize * layers
    return Estimate(
        parameters=parameters,
        trainable=trainable,
        weights=weights,
        additions=trainable * per_parameter,
        activations=kept + per_layer if config.gradient_checkpointing else per_layer * layers,
        head=3 * 4.0 * logits + of_head + config.row_tokens * width * dtype.itemsize,
        at_work=2.0 * largest * dtype.itemsize,
    )


def _rounds(config: RunConfig, method: Method, device: torch.device, dtype: torch.dtype) -> bool:
    is_frozen = config.method != "full" and method.quantisation == "none"
    return is_frozen and dtype == torch.float32 and can_round(device)


def trainable_parameters(shape: PretrainedConfig, method: Method, config: RunConfig, dtype: torch.dtype) -> int:
    """What the method trains on a base of this shape, counted on a model without memory."""
    counted = LORA if config.method in _SAME_SHAPE else method
    options = counted.options(config.options)
    with torch.device("meta"):
        target = Target(empty_model(shape, dtype), rows=new_rows(shape, config), known=ROWS)
        return counted.apply(target, options).num_trainable


def new_rows(shape: PretrainedConfig, config: RunConfig) -> tuple[int, ...]:
    """Rows to be learned, in the place of the sentinels'; none for a base that knows them."""
    knows_fim = fim_row(real_name(config.base), str(shape.model_type)).native
    return () if knows_fim or config.method in _WITHOUT_ROWS else ROWS


def _activations(shape: PretrainedConfig, config: RunConfig, device: torch.device, dtype: torch.dtype) -> float:
    """Bytes that one layer keeps of one row: the difference that a second layer makes."""
    one, two = (_kept(thin(shape, layers), config, device, dtype) for layers in (1, 2))
    return (two - one) * config.row_tokens / _PROBE_TOKENS


def thin(shape: PretrainedConfig, layers: int) -> PretrainedConfig:
    """The same shape with few layers and next to no vocabulary: for what hangs on a layer's width."""
    thinned: Any = deepcopy(shape)
    thinned.num_hidden_layers, thinned.vocab_size = layers, _PROBE_ROWS
    thinned.pad_token_id = thinned.bos_token_id = thinned.eos_token_id = None
    if getattr(thinned, "layer_types", None):
        thinned.layer_types = thinned.layer_types[:layers]
    return thinned  # type: ignore[no-any-return]


def _kept(shape: PretrainedConfig, config: RunConfig, device: torch.device, dtype: torch.dtype) -> int:
    options = LORA.options({name: config.options[name] for name in ("r", "dropout") if name in config.options})
    model = LORA.apply(Target(random_model(shape, device, dtype, "none")), options).model
    use_rounded_gradients(model)
    return sum(saved_for_backward(model, _PROBE_TOKENS))


def saved_for_backward(model: Any, num_tokens: int) -> list[int]:
    """Sizes in bytes of what a model keeps of one row until the backward pass, its own weights aside."""
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.zeros((1, num_tokens), dtype=torch.long, device=model.device)
    positions = torch.arange(num_tokens, device=model.device)[None]
    model.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        call = {"attention_mask": None, "use_cache": False, "logits_to_keep": 1}
        held = model(input_ids=ids, position_ids=positions, **call).logits
    del held
    return list(kept.values())
