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
from finetab_training.train.estimate import Estimate, estimate
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


def test_what_is_kept_for_the_backward_pass_is_what_the_whole_model_keeps(tiny: Callable[[str], Path]) -> None:
    shape = base_shape(str(tiny("llama")))
    one, three = planned(tiny("llama"), row_tokens=800), planned(tiny("llama"), row_tokens=2400)
    assert three.activations == pytest.approx(3 * one.activations)
    with_checkpoints = planned(tiny("llama"), row_tokens=800, gradient_checkpointing=True)
    assert with_checkpoints.activations == pytest.approx(
        one.activations / shape.num_hidden_layers + 800 * shape.hidden_size * 4 * shape.num_hidden_layers
    )


def test_4_bits_and_8_bit_state_need_less(tiny: Callable[[str], Path]) -> None:
    whole, small = planned(tiny("llama"), method="lora"), planned(tiny("llama"), method="qlora")
    assert small.weights < whole.weights
    paged = planned(tiny("llama"), method="lora", optimiser="paged_adamw_8bit")
    assert whole.additions - paged.additions == 6 * whole.trainable
    assert whole.total == sum(value * 1e9 for name, value in whole.table().items() if name != "in all")
