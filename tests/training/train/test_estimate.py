"""The estimate of a run's memory: what is trained is counted as the methods themselves make it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.conftest import FAMILIES

from finetab.core.models import load_base
from finetab_training.config import make_config
from finetab_training.methods.base import Target
from finetab_training.methods.registry import METHODS, method_by_name
from finetab_training.train.estimate import Estimate, estimate, saved_for_backward
from finetab_training.train.random_base import base_shape


def planned(base: Path, **entries: object) -> Estimate:
    config = make_config({"base": str(base), **entries})
    return estimate(base_shape(str(base)), method_by_name(config.method), config, torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"pissa", "loftq", "eva"}))
def test_as_many_parameters_are_counted_as_a_method_trains(
    family: str, method: str, tiny: Callable[[str], Path]
) -> None:
    chosen = method_by_name(method)
    base = load_base(str(tiny(family)), quantisation=chosen.quantisation)
    tuned = chosen.apply(Target(base.model, rows=base.fim.sentinel_ids), chosen.options({}))
    assert planned(tiny(family), method=method).trainable == tuned.num_trainable


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("options", [{}, {"r": 64, "dropout": 0.1}])
def test_what_a_row_keeps_is_what_the_whole_model_keeps(
    family: str, options: dict[str, float], tiny: Callable[[str], Path]
) -> None:
    base = load_base(str(tiny(family)))
    chosen = method_by_name("lora")
    model = chosen.apply(Target(base.model), chosen.options(options)).model
    kept = saved_for_backward(model, 900)
    expected = planned(tiny(family), row_tokens=900, method="lora", options=options)
    # Masks are shared by all layers and left out: in a true model they are nothing beside the rest.
    of_layers = sum(size for size in kept if size not in (900 * 900, 900 * 900 * 4))
    assert expected.activations == pytest.approx(of_layers, rel=0.2)


def test_checkpoints_keep_a_layer_and_the_borders_of_all(tiny: Callable[[str], Path]) -> None:
    shape = base_shape(str(tiny("llama")))
    all_layers = planned(tiny("llama"), row_tokens=800)
    few = planned(tiny("llama"), row_tokens=800, gradient_checkpointing=True)
    layers = shape.num_hidden_layers
    assert few.activations == pytest.approx(all_layers.activations / layers + 800 * shape.hidden_size * 4 * layers)


def test_4_bits_and_8_bit_state_need_less(tiny: Callable[[str], Path]) -> None:
    whole, small = planned(tiny("llama"), method="lora"), planned(tiny("llama"), method="qlora")
    assert small.weights < whole.weights
    paged = planned(tiny("llama"), method="lora", optimiser="paged_adamw_8bit")
    assert whole.additions - paged.additions == 6 * whole.trainable
    assert whole.total == sum(value * 1e9 for name, value in whole.table().items() if name != "in all")
