"""Gradients through frozen layers in 8 bits: the loss is what it is without, and gradients hardly turn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import FAMILIES
from tests.training.train.test_loss import grads_of
from torch import nn
from torch.nn import functional

from finetab.core.models import load_base
from finetab.engine.int8 import packing
from finetab_training.methods.base import Target
from finetab_training.methods.registry import method_by_name
from finetab_training.train import frozen
from finetab_training.train.frozen import use_rounded_gradients
from finetab_training.train.loss import row_loss

pytestmark = pytest.mark.skipif(not packing.is_kernel_here(), reason="torch has no 8-bit kernel here")
_IDS = torch.randint(20, 200, (1, 40), generator=torch.Generator().manual_seed(2))
_POSITIONS = torch.arange(40)[None]
_CLOSE = 0.995  # a cosine


@pytest.fixture(autouse=True)
def with_vnni(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fast on this machine decides nothing here; small numbers cannot overflow its 16 bits."""
    monkeypatch.setattr(frozen, "can_round", lambda device: device.type == "cpu")


def trained(base: Any, name: str, options: dict[str, Any]) -> Any:
    """A base with a method on it, after some steps: no factor is zero."""
    method = method_by_name(name)
    model = method.apply(Target(base.model, rows=base.fim.sentinel_ids), method.options(options)).model
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data += 0.05 * torch.randn(weight.shape, generator=generator)
    return model.train()


def lesson(model: Any, sentinel: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss of a row with a sentinel, and its gradients."""
    ids = _IDS.clone()
    ids[0, 3] = sentinel
    loss = row_loss(model, ids, _IDS, _POSITIONS)
    return loss.detach(), grads_of(model, loss)


def in_one(grads: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([grad.flatten() for grad in grads.values()])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("method", "options"),
    [("lora", {"r": 4}), ("lora", {"r": 4, "alpha": 3, "dropout": 0.3}), ("adalora", {}), ("ia3", {}), ("tokens", {})],
)
def test_the_loss_is_the_same_and_gradients_hardly_turn(
    family: str, method: str, options: dict[str, Any], tiny: Callable[[str], Path]
) -> None:
    base = load_base(str(tiny(family)))
    model = trained(base, method, options)
    torch.manual_seed(3)  # of the dropout
    loss, expected = lesson(model, base.fim.prefix_id)
    assert use_rounded_gradients(model)
    torch.manual_seed(3)
    same, found = lesson(model, base.fim.prefix_id)
    torch.testing.assert_close(same, loss, rtol=1e-5, atol=1e-5)
    assert found.keys() == expected.keys()
    assert functional.cosine_similarity(in_one(found), in_one(expected), dim=0) > _CLOSE
    assert not torch.equal(in_one(found), in_one(expected))


def test_all_frozen_layers_are_changed_but_the_head(tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny("gpt_neox")))
    model = trained(base, "lora", {})
    layers = [module for module in model.modules() if type(module) is nn.Linear and not module.weight.requires_grad]
    assert use_rounded_gradients(model) == len(layers) - 1
    assert "forward" not in vars(base.model.get_output_embeddings())


def test_an_adapter_that_is_off_or_merged_adds_nothing_twice(tiny: Callable[[str], Path]) -> None:
    model = trained(load_base(str(tiny("llama"))), "lora", {"r": 4})

    def logits() -> torch.Tensor:
        found: torch.Tensor = model(input_ids=_IDS, use_cache=False).logits.detach()
        return found

    with_it = logits()
    with model.disable_adapter():
        without = logits()
    use_rounded_gradients(model)
    torch.testing.assert_close(logits(), with_it, rtol=1e-4, atol=1e-4)
    with model.disable_adapter():
        assert torch.equal(logits(), without)
    model.merge_adapter()
    torch.testing.assert_close(logits(), with_it, rtol=1e-4, atol=1e-4)


def test_weights_that_learn_are_left_alone(tiny: Callable[[str], Path]) -> None:
    model = load_base(str(tiny("llama"))).model
    assert use_rounded_gradients(model.requires_grad_(True)) == 0
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert use_rounded_gradients(model.requires_grad_(False)) > 0
    assert model.state_dict().keys() == before.keys()


def test_a_gradient_that_is_no_number_stays_one(tiny: Callable[[str], Path]) -> None:
    linear = nn.Linear(16, 8, bias=False).requires_grad_(False)
    gradient_TN = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    gradient_TN[1, 2] = torch.nan
    gradient_TN[2] = 0.0
    found = frozen._Frozen(linear).gradient(gradient_TN)
    assert found[1].isnan().all()
    assert not found[2].any()
    torch.testing.assert_close(found[0], gradient_TN[0] @ linear.weight, rtol=0.05, atol=0.02)


def test_it_is_for_processors_that_gain_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for levels, bfloat16, expected in ((127, False, True), (63, False, False), (127, True, False)):
        monkeypatch.setattr(frozen, "input_levels", lambda levels=levels: levels)
        monkeypatch.setattr(frozen, "multiplies_bfloat16", lambda _, is_so=bfloat16: is_so)
        assert frozen.can_round(torch.device("cpu")) == expected
    assert not frozen.can_round(torch.device("cuda"))
