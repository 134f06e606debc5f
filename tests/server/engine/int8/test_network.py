"""The 8-bit network against transformers: the same model but for the rounding, however its caches are used."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from tests.conftest import FAMILIES
from transformers import AutoModelForCausalLM

import finetab.core.fim
from finetab.core.bases import DEFAULT_BASE
from finetab.core.models import BaseModel, load_base
from finetab.engine.base import GenerationRequest
from finetab.engine.int8 import packing
from finetab.engine.int8.network import Int8Network
from finetab.engine.network import NO_ADAPTER, Network
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork

ROUNDING = 0.1  # of the logits' norm: what 8-bit weights cost these small random models at most
ALIKE = 2e-3  # of the logits' norm: what is left of the inputs' rounding when tokens are cut into steps otherwise


def ids(seed: int, length: int) -> list[int]:
    generator = Random(seed)
    return [generator.randrange(256) for _ in range(length)]


def network_of(base: BaseModel) -> Int8Network:
    return Int8Network(base.folder, base.spelled)


def logits_of(network: Network, prompt: list[int], adapter: str = NO_ADAPTER) -> torch.Tensor:
    """Of all places, those of the sentinels left out: they are never asked for."""
    with torch.inference_mode():
        logits = network.evaluate(prompt, 0, network.new_cache(), len(prompt), adapter)
    return logits[:, :256].clone()


def distance(logits: torch.Tensor, reference: torch.Tensor) -> float:
    return float((logits - reference).norm() / reference.norm())


@contextmanager
def exact_inputs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernel's products, with inputs that are not rounded."""

    def dot(x_TK: torch.Tensor, scale: float, zero: int, packed: Any) -> torch.Tensor:
        weight: torch.Tensor = torch.ops.quantized.linear_unpack(packed)[0].dequantize()
        return x_TK @ weight.T

    with monkeypatch.context() as patch:
        patch.setattr(packing, "_dot", dot)
        yield


def round_weights(base: BaseModel) -> None:
    """Give a transformers model the weights that 8 bits hold, a scale for each output."""
    for module in base.model.modules():
        if isinstance(module, torch.nn.Linear):
            scales_N1 = module.weight.detach().abs().amax(dim=1, keepdim=True) / 127
            # A tied head is rounded, the embedding is not.
            module.weight = torch.nn.Parameter((module.weight / scales_N1).round() * scales_N1)


@pytest.mark.parametrize("family", FAMILIES)
def test_with_the_same_rounded_weights_it_is_the_model_of_transformers(
    family: str, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(tiny(family)))
    prompt = [base.fim.prefix_id, *ids(1, 150)]  # past Gemma's window of 32
    network = network_of(base)
    round_weights(base)
    expected = logits_of(TransformersNetwork(base.model), prompt)
    with exact_inputs(monkeypatch):
        assert distance(logits_of(network, prompt), expected) < 1e-5
    assert distance(logits_of(network, prompt), expected) < ALIKE


@pytest.mark.parametrize("family", FAMILIES)
def test_rounding_costs_little(family: str, tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny(family)))
    prompt = ids(2, 150)
    expected = logits_of(TransformersNetwork(base.model), prompt)
    assert 0 < distance(logits_of(network_of(base), prompt), expected) < ROUNDING


@pytest.mark.parametrize("change", [{"rotary_pct": 0.25}, {"use_parallel_residual": False}])
def test_other_members_of_the_neox_family(
    change: dict[str, Any], tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_base(str(tiny("gpt_neox"))).model.config
    if "rotary_pct" in change:
        config.rope_parameters["partial_rotary_factor"] = change["rotary_pct"]
    else:
        config.use_parallel_residual = False
    torch.manual_seed(3)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "pythia")
    (tmp_path / "pythia" / "tokenizer.json").write_bytes((tiny("gpt_neox") / "tokenizer.json").read_bytes())
    base = load_base(str(tmp_path / "pythia"))
    network = network_of(base)
    round_weights(base)
    with exact_inputs(monkeypatch):
        assert distance(logits_of(network, ids(3, 40)), logits_of(TransformersNetwork(base.model), ids(3, 40))) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cache_that_is_cut_back_and_used_again_gives_what_a_fresh_one_gives(
    family: str, tiny: Callable[[str], Path]
) -> None:
    network = network_of(load_base(str(tiny(family))))
    generator = Random(family)
    prompt, cache, held = ids(4, 120), network.new_cache(), 0
    for _ in range(15):
        kept = min(held, len(prompt) - 1)
        cache.keep(kept)
        for start in range(kept, len(prompt), 60):
            part = prompt[start : start + 60]
            logits = network.evaluate(part, start, cache, 1, NO_ADAPTER)
        assert distance(logits[:, :256], logits_of(network, prompt)[-1:]) < ALIKE
        held = generator.randrange(1, len(prompt))  # an edit there, and some typing
        prompt = prompt[:held] + ids(generator.randrange(99), generator.choice([1, 2, 7, 90]))


@pytest.mark.parametrize("family", FAMILIES)
def test_asked_for_the_last_logits_it_gives_those_of_all(family: str, tiny: Callable[[str], Path]) -> None:
    network = network_of(load_base(str(tiny(family))))
    prompt = ids(7, 120)  # past Gemma's window of 32
    everything = network.evaluate(prompt, 0, network.new_cache(), len(prompt), NO_ADAPTER)
    for count in (1, 3, 40):
        found = network.evaluate(prompt, 0, network.new_cache(), count, NO_ADAPTER)
        torch.testing.assert_close(found, everything[-count:], atol=2e-3, rtol=1e-3)


def test_a_prompt_longer_than_the_first_buffers_is_held_whole(tiny: Callable[[str], Path]) -> None:
    network = network_of(load_base(str(tiny("llama"))))
    prompt, cache = ids(5, 3_000), network.new_cache()
    assert cache.num_bytes == 0
    for start in range(0, 3_000, 250):
        logits = network.evaluate(prompt[start : start + 250], start, cache, 1, NO_ADAPTER)
    assert distance(logits[:, :256], logits_of(network, prompt)[-1:]) < ALIKE


@pytest.mark.parametrize("family", FAMILIES)
def test_an_engine_on_it_answers_the_same_with_re_use_and_without(family: str, tiny: Callable[[str], Path]) -> None:
    network = network_of(load_base(str(tiny(family))))
    reusing = TorchEngine(network, 256, [])
    fresh = reusing.without_reuse()
    prompt = ids(6, 80)
    for length in (60, 63, 64, 70, 66, 80):
        request = GenerationRequest(prompt[:length], 8)
        assert reusing.generate(request).ids == fresh.generate(request).ids
    reusing.close()
    fresh.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_an_engine_on_it_answers_the_same_with_guesses_and_without(
    family: str, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_of(load_base(str(tiny(family))))
    guessing = TorchEngine(network, 256, [256])
    monkeypatch.setattr(Int8Network, "guess_cost", inf)
    waiting = TorchEngine(network, 256, [256])
    accepted = 0
    for seed in range(4):
        prompt = ids(seed, 70)
        expected = waiting.generate(GenerationRequest(prompt, 24)).ids
        wrong = [token if index % 4 else token + 1 for index, token in enumerate(expected)]
        hints = [np.array([*prompt[-3:], *expected[:12], *wrong[12:]])]
        found = guessing.generate(GenerationRequest(prompt, 24, hints=hints))
        assert found.ids == expected
        accepted += found.accepted_tokens
    assert accepted > 24
    guessing.close()
    waiting.close()


@pytest.mark.model
def test_the_default_model_says_nearly_what_it_says_as_it_is() -> None:
    base = load_base(DEFAULT_BASE, device="cpu", dtype="float32")
    text = Path(finetab.core.fim.__file__).read_text("utf-8")
    assert base.fim.bos_id is not None
    ids = [base.fim.bos_id, *base.tokenizer.encode(text)[:700]]
    logprobs = []
    for network in (Int8Network(base.folder, base.spelled), TransformersNetwork(base.model)):
        cache = network.new_cache()
        with torch.inference_mode():
            network.evaluate(ids[:-200], 0, cache, 1, NO_ADAPTER)
            logits_TV = network.evaluate(ids[-200:], len(ids) - 200, cache, 200, NO_ADAPTER).clone()
            logits_TV[:, list(base.fim.sentinel_ids)] = -1e9
            logprobs.append(torch.log_softmax(logits_TV, dim=-1))
    ours_TV, theirs_TV = logprobs
    divergence = (theirs_TV.exp() * (theirs_TV - ours_TV)).sum(dim=-1).mean()
    assert divergence < 0.03  # with one 8-bit number for each input it is several times that
    assert (ours_TV.argmax(dim=-1) == theirs_TV.argmax(dim=-1)).float().mean() > 0.9
