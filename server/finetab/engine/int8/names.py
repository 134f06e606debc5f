"""What the families call their tensors, and in which order their heads' numbers lie."""

from dataclasses import dataclass

import torch

from finetab.engine.int8.shape import Shape


@dataclass(frozen=True, slots=True)
class Names:
    """Of one family's tensors; those of a layer come after `layers` and its number. Empty for what it has not."""

    embedding: str
    layers: str
    final_norm: str
    heads: tuple[str, ...]
    """Under which the head may stand; it is the embedding where none of them is there."""
    qkv: tuple[str, ...]
    out: str
    up: tuple[str, ...]
    """With two, the first is the gate."""
    down: str
    attention_norm: str
    mlp_norm: str
    query_norm: str = ""
    key_norm: str = ""
    attention_end_norm: str = ""
    mlp_end_norm: str = ""


_QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
_UP = ("mlp.gate_proj", "mlp.up_proj")
_LLAMA = Names(
    "model.embed_tokens", "model.layers", "model.norm", ("lm_head",), _QKV, "self_attn.o_proj", _UP, "mlp.down_proj",
    "input_layernorm", "post_attention_layernorm",
)  # fmt: skip
_GEMMA = Names(
    "model.embed_tokens", "model.layers", "model.norm", ("lm_head",), _QKV, "self_attn.o_proj", _UP, "mlp.down_proj",
    "input_layernorm", "pre_feedforward_layernorm", "self_attn.q_norm", "self_attn.k_norm",
    "post_attention_layernorm", "post_feedforward_layernorm",
)  # fmt: skip
_NEOX = Names(
    "gpt_neox.embed_in", "gpt_neox.layers", "gpt_neox.final_layer_norm", ("embed_out", "lm_head"),
    ("attention.query_key_value",), "attention.dense", ("mlp.dense_h_to_4h",), "mlp.dense_4h_to_h",
    "input_layernorm", "post_attention_layernorm",
)  # fmt: skip
NAMES = {"gemma3_text": _GEMMA, "gpt_neox": _NEOX, "llama": _LLAMA}


def head_order(head_dim: int, dims: int) -> torch.Tensor:
    """One head's numbers with those that turn together side by side, so that they are one complex number.

    The families keep them `dims / 2` apart. What queries and keys share in their order, their product does not see.
    """
    pairs = torch.arange(dims).view(2, -1).T.flatten()
    return torch.cat([pairs, torch.arange(dims, head_dim)])


def qkv_order(shape: Shape, dims: int) -> torch.Tensor:
    """Rows of the stacked projections as the network wants them: all queries, all keys, all values, pairs together."""
    heads, kv_heads, size = shape.num_heads, shape.num_kv_heads, shape.head_dim
    if shape.family == "gpt_neox":  # each head has its query, key and value together
        rows = torch.arange(heads * 3 * size).view(heads, 3, size).transpose(0, 1).reshape(3 * heads, size)
    else:
        rows = torch.arange((heads + 2 * kv_heads) * size).view(-1, size)
    turning, still = rows[: heads + kv_heads], rows[heads + kv_heads :]
    return torch.cat([turning[:, head_order(size, dims)].flatten(), still.flatten()])
