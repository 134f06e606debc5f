"""Several prompts in one evaluation: each gets the logits that it gets alone, whatever stands beside it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import torch
from tests.conftest import FAMILIES
from tests.server.adapters.real_adapter import make_adapter
from tests.server.engine.test_torch_engine import ids

from finetab.core.base import read_base
from finetab.engine.base import GenerationRequest
from finetab.engine.int8.network import Int8Network
from finetab.engine.network import NO_ADAPTER, Part
from finetab.engine.shared_network import SharedNetwork
from finetab.engine.torch_engine import TorchEngine


def network_of(folder: Path) -> Int8Network:
    return Int8Network(folder, read_base(str(folder)).spelled)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("adapter", [NO_ADAPTER, "mine"])
def test_logits_are_those_of_each_prompt_alone(
    family: str, adapter: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    network = network_of(tiny(family))
    if adapter:
        network.attach(adapter, make_adapter(tiny(family), tmp_path / adapter, seed=1))
    prompts = [ids(1, 90), ids(2, 7), ids(3, 40), ids(4, 1)]  # some longer than Gemma's window of 32
    news = [[5], [6, 7, 8], ids(5, 12), [9]]
    alone = []
    for prompt, new in zip(prompts, news, strict=True):
        cache = network.new_cache()
        network.evaluate(prompt, 0, cache, 1, adapter)
        alone.append(network.evaluate(new, len(prompt), cache, min(2, len(new)), adapter))
    caches = [network.new_cache() for _ in prompts]
    first = [Part(prompt, 0, cache, 1) for prompt, cache in zip(prompts, caches, strict=True)]
    network.evaluate_together(first, adapter)
    parts = [
        Part(new, len(prompt), cache, min(2, len(new)))
        for prompt, new, cache in zip(prompts, news, caches, strict=True)
    ]
    for found, expected in zip(network.evaluate_together(parts, adapter), alone, strict=True):
        torch.testing.assert_close(found, expected, atol=2e-3, rtol=1e-3)


def test_engines_with_and_without_an_adapter_say_together_what_they_say_alone(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tiny("gemma3_text")
    base, network = read_base(str(folder)), network_of(folder)
    network.attach("mine", make_adapter(folder, tmp_path / "mine", seed=1))
    requests = [
        GenerationRequest(ids(seed, 60 + 50 * seed), 20, adapter="mine" if seed % 2 else NO_ADAPTER)
        for seed in range(6)
    ]
    with closing(TorchEngine(network, base.fim.end_id, base.never_sampled)) as engine:
        expected = [engine.generate(request).ids for request in requests]
    with ThreadPoolExecutor() as pool, closing(SharedNetwork(network)) as shared:
        engines = [TorchEngine(shared, base.fim.end_id, base.never_sampled) for _ in requests]
        for _ in range(3):
            found = pool.map(lambda one: one[0].generate(one[1]).ids, zip(engines, requests, strict=True))
            assert list(found) == expected
        for engine in engines:
            engine.close()
