"""What a model's config.json says of its shape, and whether the 8-bit network can be it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch
from torch.nn import functional

FAMILIES = ("gemma3_text", "gpt_neox", "llama")
ACTIVATIONS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gelu": functional.gelu,
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "silu": functional.silu,
}
_UNKNOWN = ("attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention")
_Config: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turning:
    """Rotary position embedding: how fast the first `dims` of a head's numbers turn."""

    theta: float
    factor: float
    """By how much positions are slowed down."""
    dims: int

    def speeds(self) -> torch.Tensor:
        """Radians a position, (dims / 2,)."""
        powers = torch.arange(0, self.dims, 2, dtype=torch.float32) / self.dims
        return 1.0 / self.theta**powers / self.factor


@dataclass(frozen=True, slots=True)
class LayerShape:
    """Of one layer: `window` tokens before each that it sees itself among, 0 for all."""

    window: int
    turning: Turning


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a whole model."""

    family: str
    hidden: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    layers: tuple[LayerShape, ...]
    activation: str
    epsilon: float
    attention_scale: float
    embedding_scale: float
    is_parallel: bool
    """Whether attention and MLP look at the same input."""


def why_not(config: _Config) -> str:
    """What about a model the network cannot do; empty where it can do all."""
    family = config.get("model_type")
    if family not in FAMILIES:
        return f"the family {family} has no 8-bit path, only {', '.join(FAMILIES)} have"
    if config.get("finetab_ranks"):
        return "its layers are factored, which the 8-bit path does not know"
    if odd := [name for name in _UNKNOWN if config.get(name)]:
        return f"its {odd[0]} is not known to the 8-bit path"
    if _activation(config) not in ACTIVATIONS:
        return f"its activation {_activation(config)} is not known to the 8-bit path"
    kinds = {_rope(config, window)[1].get("rope_type", "default") for window in (False, True)}
    if odd := sorted(kinds - {"default", "linear"}):
        return f"its rotary embedding of type {odd[0]} is not known to the 8-bit path"
    return ""


def read_shape(config: _Config) -> Shape:
    """The shape of a model that `why_not` finds nothing against; raises KeyError for an entry that is missing."""
    family, hidden, num_heads = config["model_type"], config["hidden_size"], config["num_attention_heads"]
    head_dim = config.get("head_dim") or hidden // num_heads
    is_gemma = family == "gemma3_text"
    return Shape(
        family=family,
        hidden=hidden,
        num_heads=num_heads,
        num_kv_heads=num_heads if family == "gpt_neox" else config.get("num_key_value_heads") or num_heads,
        head_dim=head_dim,
        layers=tuple(_layer(config, index, head_dim) for index in range(config["num_hidden_layers"])),
        activation=_activation(config),
        epsilon=config["layer_norm_eps" if family == "gpt_neox" else "rms_norm_eps"],
        attention_scale=(config["query_pre_attn_scalar"] if is_gemma else head_dim) ** -0.5,
        embedding_scale=hidden**0.5 if is_gemma else 1.0,
        is_parallel=family == "gpt_neox" and config.get("use_parallel_residual", True),
    )


def _activation(config: _Config) -> str:
    return str(config.get("hidden_activation") or config.get("hidden_act"))


def _layer(config: _Config, index: int, head_dim: int) -> LayerShape:
    is_sliding = config["model_type"] == "gemma3_text" and _is_sliding(config, index)
    theta, more = _rope(config, is_sliding)
    share = more.get("partial_rotary_factor", config.get("rotary_pct", 1.0))
    factor = more.get("factor", 1.0) if more.get("rope_type") == "linear" else 1.0
    return LayerShape(config["sliding_window"] if is_sliding else 0, Turning(theta, factor, int(head_dim * share)))


def _is_sliding(config: _Config, index: int) -> bool:
    if kinds := config.get("layer_types"):
        return bool(kinds[index] == "sliding_attention")
    return bool((index + 1) % config["sliding_window_pattern"])


def _rope(config: _Config, is_sliding: bool) -> tuple[float, _Config]:
    """The base of the angles and what else is told of them: as transformers 5 writes it, or as older ones did."""
    if told := config.get("rope_parameters"):
        of_kind = told.get("sliding_attention" if is_sliding else "full_attention", told)
        return of_kind["rope_theta"], of_kind
    if is_sliding:
        return config.get("rope_local_base_freq", 10_000.0), {}
    more = dict(config.get("rope_scaling") or {})
    more.setdefault("rope_type", more.get("type", "default"))
    return config.get("rope_theta") or config.get("rotary_emb_base") or 10_000.0, more
