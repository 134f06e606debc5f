"""Adapters on the 8-bit network against transformers and PEFT: beside the weights, in them, and gone again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from peft import PeftModel
from tests.conftest import FAMILIES
from tests.server.adapters.real_adapter import make_adapter
from tests.server.engine.int8.test_network import (
    ROUNDING,
    distance,
    exact_inputs,
    ids,
    logits_of,
    network_of,
    round_weights,
)

from finetab.core.models import load_base
from finetab.engine.int8 import linear as linear_module
from finetab.engine.int8 import network as network_module
from finetab.engine.int8.packing import pack
from finetab.engine.transformers_network import TransformersNetwork
from finetab.errors import BadAdapter


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_beside_each_other_answer_as_on_transformers_network(
    family: str, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(tiny(family)))
    network = network_of(base)
    round_weights(base)
    reference = TransformersNetwork(base.model)
    prompt = [*base.fim.sentinel_ids, *ids(7, 50)]
    plain = logits_of(network, prompt)
    kinds: dict[str, dict[str, Any]] = {"one": {}, "rs": {"use_rslora": True}, "without-rows": {"with_rows": False}}
    for seed, (name, options) in enumerate(kinds.items()):
        folder = make_adapter(tiny(family), tmp_path / name, seed, **options)
        network.attach(name, folder)
        reference.attach(name, folder)
    for name in ("rs", "one", "without-rows", "one"):
        expected = logits_of(reference, prompt, name)
        with exact_inputs(monkeypatch):
            assert distance(logits_of(network, prompt, name), expected) < 1e-5, name
        assert distance(logits_of(network, prompt, name), plain) > 0.1
        assert torch.equal(logits_of(network, prompt), plain)
    for name in kinds:
        network.detach(name)
    assert torch.equal(logits_of(network, prompt), plain)


@pytest.mark.parametrize("worth", [0.0, 1e9])
def test_weights_that_wait_for_an_adapter_are_packed_once(
    worth: float, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_module, "_WORTH", worth)  # taken in, or beside the weights
    base, folder = load_base(str(tiny("llama"))), make_adapter(tiny("llama"), tmp_path / "one", 0)
    prompt, packed = ids(3, 40), mock.Mock(side_effect=pack)
    expected = network_of(base)
    expected.attach("one", folder)
    monkeypatch.setattr(linear_module, "pack", packed)
    waiting = network_module.Int8Network(base.folder, base.spelled, is_bare=False)
    before = packed.call_count
    waiting.attach("one", folder)
    num_linears = 4 * len(base.model.model.layers)
    assert (before, packed.call_count) == (1, 1 + num_linears)  # the head; then each layer's projections
    assert torch.equal(logits_of(waiting, prompt, "one"), logits_of(expected, prompt, "one"))
    assert packed.call_count == 1 + num_linears


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_that_is_alone_is_rounded_with_the_weights(
    family: str, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(tiny(family)))
    prompt = [*base.fim.sentinel_ids, *ids(9, 50)]
    network = network_of(base)
    plain = logits_of(network, prompt)
    folders = {name: make_adapter(tiny(family), tmp_path / name, seed) for seed, name in enumerate(("one", "two"))}
    network.attach("one", folders["one"])
    alone, without = logits_of(network, prompt, "one"), logits_of(network, prompt)
    network.attach("two", folders["two"])
    beside, still_without = logits_of(network, prompt, "one"), logits_of(network, prompt)
    network.detach("one")
    other = logits_of(network, prompt, "two")
    network.detach("two")
    assert distance(alone, plain) > 0.1
    assert 0 < distance(alone, beside) < ROUNDING
    assert 0 < distance(without, plain) < ROUNDING  # what it adds is taken away again from weights rounded with it
    assert torch.equal(still_without, plain)
    assert torch.equal(logits_of(network, prompt), plain)
    network.attach("two", folders["two"])
    assert torch.equal(logits_of(network, prompt, "two"), other)
    merged = merged_base(family, tiny, folders["two"])
    with exact_inputs(monkeypatch):
        assert distance(logits_of(network, prompt, "two"), logits_of(merged, prompt)) < 1e-5


def merged_base(family: str, tiny: Callable[[str], Path], adapter: Path) -> TransformersNetwork:
    """A base with an adapter in its weights, and these as 8 bits hold them."""
    base = load_base(str(tiny(family)))
    model: Any = PeftModel.from_pretrained(base.model, str(adapter)).merge_and_unload()
    base = replace(base, model=model)
    round_weights(base)
    return TransformersNetwork(model)


def test_an_adapter_that_adds_next_to_nothing_to_do_stays_beside(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(tiny("llama")))
    prompt = ids(10, 40)
    folder = make_adapter(tiny("llama"), tmp_path / "one", 0)
    large, small = network_of(base), network_of(base)
    large.attach("one", folder)
    monkeypatch.setattr(network_module, "_WORTH", 1.0)  # as if the weights were that many more
    small.attach("one", folder)
    plain = logits_of(network_of(base), prompt)
    assert torch.equal(logits_of(small, prompt), plain)
    assert not torch.equal(logits_of(large, prompt), plain)


@pytest.mark.parametrize("damage", ["cut", "other base"])
def test_an_adapter_that_does_not_fit_is_refused_and_leaves_nothing_behind(
    damage: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    network = network_of(load_base(str(tiny("llama"))))
    plain = logits_of(network, ids(8, 30))
    made_for = "gpt_neox" if damage == "other base" else "llama"
    folder = make_adapter(tiny(made_for), tmp_path / "bad", 1)
    if damage == "cut":
        weights = folder / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BadAdapter, match="cannot be loaded"):
        network.attach("bad", folder)
    assert torch.equal(logits_of(network, ids(8, 30)), plain)
    network.attach("bad", make_adapter(tiny("llama"), tmp_path / "good", 1))
    assert distance(logits_of(network, ids(8, 30), "bad"), plain) > 0.1


@pytest.mark.parametrize("more", [{"use_dora": True}, {"alpha_pattern": {"q_proj": 64}}], ids=["dora", "alpha_pattern"])
def test_an_adapter_that_is_more_than_plain_lora_is_refused_rather_than_served_in_part(
    more: dict[str, Any], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    network = network_of(load_base(str(tiny("llama"))))
    with pytest.raises(BadAdapter, match="more than plain LoRA"):
        network.attach("more", make_adapter(tiny("llama"), tmp_path / "more", 1, **more))
