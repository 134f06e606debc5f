"""Steps at fixed places answer like any others: padded, cut back, in turns with other prompts, with adapters.

Capturing itself needs CUDA; what is captured runs here as it is. With a GPU these tests replay graphs.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from tests.conftest import FAMILIES
from tests.server.adapters.real_adapter import make_adapter

from finetab.core.device import pick_device
from finetab.core.models import load_base
from finetab.engine.base import GenerationRequest
from finetab.engine.captured_network import CapturedNetwork
from finetab.engine.network import NO_ADAPTER, Network, PromptCache
from finetab.engine.stage import _StageLayer
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork

DEVICE = str(pick_device("auto"))
NUM_IDS = 200  # of the alphabet of bytes


def networks(base: Path) -> tuple[CapturedNetwork, TransformersNetwork]:
    return (CapturedNetwork(load_base(str(base), device=DEVICE, dtype="float32").model),
            TransformersNetwork(load_base(str(base), device=DEVICE, dtype="float32").model))  # fmt: skip


def both(pair: tuple[Network, ...], caches: Sequence[PromptCache], ids: list[int], start: int, adapter: str) -> None:
    """Evaluate with both, and compare all logits."""
    with torch.inference_mode():
        found, expected = (
            network.evaluate(ids, start, cache, len(ids), adapter) for network, cache in zip(pair, caches, strict=True)
        )
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=2e-3), (found - expected).abs().max()


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_in_turns_with_steps_of_all_widths_and_cuts_answer_as_ever(
    family: str, tiny: Callable[[str], Path]
) -> None:
    pair, generator = networks(tiny(family)), Random(0)
    prompts: list[list[Any]] = [[network.new_cache() for network in pair] for _ in range(3)]
    lengths = [0, 0, 0]
    for _ in range(60):
        turn = generator.randrange(3)
        count = generator.choice((1, 1, 1, 2, 3, 5, 8, 13, 24, 40, 120))
        length = generator.randrange(lengths[turn] + 1) if generator.random() < 0.3 else lengths[turn]
        if length + count > 700:
            length = 0
        for cache in prompts[turn]:
            cache.keep(length)
        both(pair, prompts[turn], [generator.randrange(NUM_IDS) for _ in range(count)], length, NO_ADAPTER)
        lengths[turn] = length + count
    assert max(lengths) > 0


def test_a_prompt_that_outgrows_the_stage_is_kept_whole(tiny: Callable[[str], Path]) -> None:
    pair = networks(tiny("gemma3_text"))
    caches = [network.new_cache() for network in pair]
    other = [network.new_cache() for network in pair]
    both(pair, caches, list(range(100)), 0, NO_ADAPTER)
    for start in range(100, 700, 60):
        both(pair, caches, list(range(60)), start, NO_ADAPTER)
    both(pair, other, [5, 6, 7], 0, NO_ADAPTER)
    both(pair, caches, [8], 700, NO_ADAPTER)
    assert caches[0].num_bytes > other[0].num_bytes > 0


def test_where_memory_runs_out_as_the_stage_grows_other_prompts_answer_as_ever(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = networks(tiny("gemma3_text"))
    caches, other = ([network.new_cache() for network in pair] for _ in range(2))
    both(pair, other, list(range(40)), 0, NO_ADAPTER)
    both(pair, caches, list(range(100)), 0, NO_ADAPTER)
    both(pair, caches, [8], 100, NO_ADAPTER)
    grow, num_grown = _StageLayer.grow, 0

    def half_way(layer: _StageLayer, length: int) -> None:
        nonlocal num_grown
        num_grown += 1
        if num_grown == 2:
            raise torch.OutOfMemoryError
        grow(layer, length)

    monkeypatch.setattr(_StageLayer, "grow", half_way)
    with pytest.raises(torch.OutOfMemoryError), torch.inference_mode():
        pair[0].evaluate([index % NUM_IDS for index in range(600)], 101, caches[0], 1, NO_ADAPTER)
    again = [network.new_cache() for network in pair]
    both(pair, other, [8], 40, NO_ADAPTER)
    both(pair, again, [index % NUM_IDS for index in range(600)], 0, NO_ADAPTER)
    both(pair, other, [9, 10], 41, NO_ADAPTER)


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_come_and_go(family: str, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    pair = networks(tiny(family))
    caches: dict[str, list[Any]] = {}
    for seed, name in enumerate(("one", "two")):
        folder = make_adapter(tiny(family), tmp_path / name, seed)
        for network in pair:
            network.attach(name, folder)
    for start in range(0, 20, 4):
        for name in ("one", NO_ADAPTER, "two"):
            both(pair, caches.setdefault(name, [network.new_cache() for network in pair]), [1, 9, 3, 4], start, name)
    for network in pair:
        network.detach("one")
    both(pair, caches["two"], [7], 20, "two")
    both(pair, caches[NO_ADAPTER], [7], 20, NO_ADAPTER)


def test_an_engine_answers_the_same_over_it(tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny("gpt_neox")), device=DEVICE, dtype="float32")
    captured, plain = networks(tiny("gpt_neox"))
    prompt = tuple(Random(1).randrange(NUM_IDS) for _ in range(90))
    answers = []
    for network in (captured, plain):
        engine = TorchEngine(network, base.fim.end_id, base.never_sampled)
        typed = [prompt, (*prompt, 7), (*prompt, 7, 9), prompt[:50], prompt]
        answers.append([engine.generate(GenerationRequest(ids, 12)).ids for ids in typed])
        engine.close()
    assert answers[0] == answers[1]
    assert all(answers[0])
