"""The loss: that of the whole logits, with the same gradients, whatever is trained and however small the chunks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import FAMILIES
from torch.nn import functional
from transformers import Gemma2Config, Gemma2ForCausalLM

from finetab.core.models import load_base
from finetab_training.methods.base import Target
from finetab_training.methods.registry import method_by_name
from finetab_training.train.loss import row_loss

_IDS = torch.randint(3, 250, (1, 60), generator=torch.Generator().manual_seed(1))
_POSITIONS = torch.cat([torch.arange(25), torch.arange(35)])[None]
_LABELS = torch.where((_IDS % 3) == 0, _IDS, -100)


def whole_loss(model: Any, ids: torch.Tensor = _IDS) -> torch.Tensor:
    """The same by the plainest way: all logits at once."""
    logits = model(input_ids=ids, position_ids=_POSITIONS, use_cache=False).logits[0, :-1].float()
    return functional.cross_entropy(logits, _LABELS[0, 1:], reduction="sum", ignore_index=-100)


def grads_of(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gradients of a loss, by name; the model's are cleared."""
    loss.backward()
    grads = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    return grads


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["lora", "full", "tokens"])
def test_chunks_give_the_loss_and_gradients_of_whole_logits(
    family: str, method: str, tiny: Callable[[str], Path]
) -> None:
    base = load_base(str(tiny(family)))
    chosen = method_by_name(method)
    model = chosen.apply(Target(base.model, rows=base.fim.sentinel_ids), chosen.options({})).model
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad and method != "full":
                weight.add_(torch.randn_like(weight) * 0.05)  # away from the zeros that additions begin with
    ids = _IDS.clone()
    ids[0, 3] = base.fim.prefix_id
    expected = whole_loss(model, ids)
    expected_grads = grads_of(model, expected)
    head, rows = model.get_output_embeddings(), []
    head.register_forward_hook(lambda module, inputs, output: rows.append(inputs[0].shape))
    loss = row_loss(model, ids, _LABELS, _POSITIONS, chunk_logits=4 * 265)
    assert len(rows) == 1, "the model's own call, and the head in it, are made once"
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-4)
    found = grads_of(model, loss)
    assert found.keys() == expected_grads.keys()
    for name, grad in found.items():
        torch.testing.assert_close(grad, expected_grads[name], rtol=1e-3, atol=1e-3, msg=name)
    with torch.no_grad():
        torch.testing.assert_close(row_loss(model, ids, _LABELS, _POSITIONS), expected, rtol=1e-5, atol=1e-4)


def test_no_more_logits_are_made_at_once_than_a_chunk_holds(tiny: Callable[[str], Path]) -> None:
    model = load_base(str(tiny("llama"))).model
    head, sizes = model.get_output_embeddings(), []
    assert head is not None
    plain_forward = head.forward

    def watched(hidden: torch.Tensor) -> torch.Tensor:
        sizes.append(len(hidden))
        result: torch.Tensor = plain_forward(hidden)
        return result

    head.forward = watched
    row_loss(model, _IDS, _LABELS, _POSITIONS, chunk_logits=5 * 265)
    assert max(sizes) == 5
    assert head.forward is watched
    assert sum(sizes) == 1 + int((_LABELS[0, 1:] != -100).sum())


def test_a_family_that_squashes_its_logits_is_given_the_loss_of_the_squashed_ones() -> None:
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=265, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=32, final_logit_softcapping=2.0,
    )  # fmt: skip
    model = Gemma2ForCausalLM(config)
    expected = whole_loss(model)
    loss = row_loss(model, _IDS, _LABELS, _POSITIONS)
    torch.testing.assert_close(loss, expected)
    assert grads_of(model, loss).keys() == grads_of(model, expected).keys()
