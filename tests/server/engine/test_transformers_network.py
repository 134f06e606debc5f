"""Adapters beside the weights: each answers as if it were alone, and the base as if there were none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import FAMILIES
from tests.server.adapters.real_adapter import make_adapter

from finetab.adapters.attach import attach
from finetab.core import manifest
from finetab.core.models import load_base
from finetab.engine.network import NO_ADAPTER
from finetab.engine.transformers_network import TransformersNetwork
from finetab.errors import BadAdapter

IDS = [1, *range(3, 9), 40, 41, 50, 51]  # sentinels of all families among them


def logits_of(network: TransformersNetwork, adapter: str) -> torch.Tensor:
    with torch.inference_mode():
        return network.evaluate(IDS, 0, network.new_cache(), len(IDS), adapter).clone()


def alone(base_folder: Path, adapter: Path) -> torch.Tensor:
    """The logits of a base into which the adapter has been merged."""
    merged = attach(load_base(str(base_folder)), adapter, manifest.read(adapter))
    with torch.inference_mode():
        logits: torch.Tensor = merged(input_ids=torch.tensor([IDS]), use_cache=False).logits[0]
    return logits.clone()


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_beside_each_other_answer_as_when_they_are_alone(
    family: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = tiny(family)
    network = TransformersNetwork(load_base(str(base)).model)
    plain = logits_of(network, NO_ADAPTER)
    kinds: dict[str, Any] = {"one": {}, "without-rows": {"with_rows": False}, "dora": {"use_dora": True}}
    expected = {}
    for seed, (name, options) in enumerate(kinds.items()):
        folder = make_adapter(base, tmp_path / name, seed, **options)
        expected[name] = alone(base, folder)
        network.attach(name, folder)
    for name in ("dora", "one", "without-rows", "one"):
        assert torch.allclose(logits_of(network, name), expected[name], atol=1e-3), name
        assert torch.equal(logits_of(network, NO_ADAPTER), plain)
        assert not torch.allclose(expected[name], plain, atol=1e-1)
    network.detach("one")
    assert torch.allclose(logits_of(network, "dora"), expected["dora"], atol=1e-3)
    network.detach("dora")
    network.detach("without-rows")
    assert torch.equal(logits_of(network, NO_ADAPTER), plain)
    network.attach("again", tmp_path / "one")
    assert torch.allclose(logits_of(network, "again"), expected["one"], atol=1e-3)


@pytest.mark.parametrize("is_first", [True, False])
def test_an_adapter_that_does_not_fit_is_refused_and_leaves_nothing_behind(
    is_first: bool, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = tiny("llama")
    network = TransformersNetwork(load_base(str(base)).model)
    good = make_adapter(base, tmp_path / "good", 1)
    before = {NO_ADAPTER: logits_of(network, NO_ADAPTER)}
    if not is_first:
        network.attach("good", good)
        before["good"] = logits_of(network, "good")
    weights = good / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    with pytest.raises(BadAdapter, match="cannot be loaded"):
        network.attach("bad", good)
    for name, logits in before.items():
        assert torch.equal(logits_of(network, name), logits)
    weights.write_bytes(whole)
    network.attach("bad", good)
    assert not torch.equal(logits_of(network, "bad"), before[NO_ADAPTER])
