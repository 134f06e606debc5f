"""A model's shape as transformers 5 writes it and as older versions did, and what the 8-bit way cannot do."""

from typing import Any

import pytest

from finetab.engine.int8.shape import Turning, read_shape, why_not

LLAMA: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2, "rms_norm_eps": 1e-6,
    "hidden_act": "silu",
}  # fmt: skip
GEMMA: dict[str, Any] = {
    "model_type": "gemma3_text", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 32,
    "num_hidden_layers": 3, "rms_norm_eps": 1e-6, "hidden_activation": "gelu_pytorch_tanh", "sliding_window": 16,
    "query_pre_attn_scalar": 32,
}  # fmt: skip
NEOX: dict[str, Any] = {
    "model_type": "gpt_neox", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
    "layer_norm_eps": 1e-5, "hidden_act": "gelu",
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "turning"),
    [
        (LLAMA, Turning(10_000.0, 1.0, 16)),
        (LLAMA | {"rope_theta": 5e5}, Turning(5e5, 1.0, 16)),
        (LLAMA | {"rope_theta": 1e5, "rope_scaling": {"type": "linear", "factor": 4.0}}, Turning(1e5, 4.0, 16)),
        (LLAMA | {"rope_parameters": {"rope_theta": 2e4, "rope_type": "default"}}, Turning(2e4, 1.0, 16)),
        (NEOX | {"rotary_pct": 0.25, "rotary_emb_base": 9_000}, Turning(9_000, 1.0, 4)),
        (NEOX | {"rope_parameters": {"rope_theta": 9e3, "partial_rotary_factor": 0.5}}, Turning(9e3, 1.0, 8)),
    ],
)
def test_how_heads_turn_is_read_from_new_and_old_configs(config: dict[str, Any], turning: Turning) -> None:
    assert not why_not(config)
    assert [layer.turning for layer in read_shape(config).layers] == [turning, turning]


@pytest.mark.parametrize(
    "more",
    [
        {"sliding_window_pattern": 3, "rope_theta": 1e6, "rope_local_base_freq": 1e4},
        {
            "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
            "rope_parameters": {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}},
        },
    ],
)
def test_layers_with_a_window_turn_at_their_own_speed(more: dict[str, Any]) -> None:
    layers = read_shape(GEMMA | more).layers
    assert [layer.window for layer in layers] == [16, 16, 0]
    assert [layer.turning.theta for layer in layers] == [1e4, 1e4, 1e6]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "qwen2"}, "the family qwen2 has no 8-bit path"),
        (LLAMA | {"hidden_act": "relu"}, "its activation relu"),
        (LLAMA | {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "of type llama3"),
        (GEMMA | {"final_logit_softcapping": 30.0}, "its final_logit_softcapping"),
    ],
)
def test_what_the_way_does_not_know_is_said(config: dict[str, Any], words: str) -> None:
    assert words in why_not(config)
