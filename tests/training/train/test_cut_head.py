"""A head cut to some ids: the loss and gradients of the whole head with all other ids masked out."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.conftest import FAMILIES
from tests.training.train.test_loss import grads_of
from torch.nn import functional

from finetab.core.models import load_base
from finetab_training.methods.base import Target
from finetab_training.methods.registry import method_by_name
from finetab_training.train.cut_head import cut_head
from finetab_training.train.loss import row_loss

_KEPT = list(range(20, 80))
_IDS = torch.randint(20, 80, (1, 40), generator=torch.Generator().manual_seed(2))
_POSITIONS = torch.arange(40)[None]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["lora", "tokens"])
def test_the_loss_is_that_among_the_kept_ids(family: str, method: str, tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny(family)))
    chosen = method_by_name(method)
    model = chosen.apply(Target(base.model, rows=base.fim.sentinel_ids), chosen.options({})).model
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight) * 0.05)
    kept = sorted({*_KEPT, *base.fim.sentinel_ids})
    ids = _IDS.clone()
    ids[0, 3] = base.fim.prefix_id
    logits = model(input_ids=ids, position_ids=_POSITIONS, use_cache=False).logits[0, :-1].float()
    masked = torch.full_like(logits, -torch.inf).index_copy(-1, torch.tensor(kept), logits[:, kept])
    labels = _IDS.clone()
    labels[0, :10] = -100
    expected = functional.cross_entropy(masked, labels[0, 1:], reduction="sum", ignore_index=-100)
    expected_grads = grads_of(model, expected)
    cut = cut_head(model, kept)
    assert cut is not None
    assert cut(torch.zeros(2, base.model.config.hidden_size)).shape == (2, len(kept))
    loss = row_loss(model, ids, labels, _POSITIONS, cut, chunk_logits=7 * len(kept))
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-4)
    found = grads_of(model, loss)
    assert found.keys() == expected_grads.keys()
    for name, grad in found.items():
        torch.testing.assert_close(grad, expected_grads[name], rtol=1e-3, atol=1e-3, msg=name)


def test_a_head_that_learns_or_is_mostly_kept_is_not_cut(tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny("llama")))
    base.model.requires_grad_(False)
    assert cut_head(base.model, _KEPT) is not None
    assert cut_head(base.model, range(200)) is None
    assert cut_head(base.model, []) is None
    base.model.get_output_embeddings().weight.requires_grad_(True)
    assert cut_head(base.model, _KEPT) is None
