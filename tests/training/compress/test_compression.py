"""Compression: exact where nothing is cut off, least loss where something is, and a folder that loads and answers."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import FAMILIES
from transformers import PreTrainedModel

from finetab.assemble import load_completer
from finetab.completion.request import CompletionRequest
from finetab.core.base import read_config
from finetab.core.factored import Factored, load_factored, read_ranks
from finetab.core.models import embedding_rows, load_base
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.engine.int8.shape import why_not
from finetab.errors import BadFile, BadInput, BadSetting, NoSpace
from finetab.settings import Settings
from finetab_training.compress.calibration import grams, in_groups, linear_layers
from finetab_training.compress.compression import Compression, compress
from finetab_training.compress.distilling import distil
from finetab_training.compress.factoring import Text, _harm, factor, num_numbers
from finetab_training.compress.ranks import Layer, choose_ranks
from finetab_training.compress.spectrum import spectrum
from finetab_training.compress.task import divergence
from finetab_training.compress.task import losses as losses_of


def rows(count: int, tokens: int = 40, seed: int = 0) -> list[torch.Tensor]:
    generator = Random(seed)
    return [torch.tensor([[generator.randrange(200) for _ in range(tokens)]]) for _ in range(count)]


def no_news(_words: object) -> None:
    pass


@pytest.mark.parametrize("is_whitened", [False, True])
def test_all_ranks_give_the_weight_back_and_fewer_err_as_much_as_they_say(is_whitened: bool) -> None:
    torch.manual_seed(0)
    weight, inputs = torch.randn(12, 20), torch.randn(300, 20) @ torch.diag(torch.linspace(0.01, 3, 20))
    gram = inputs.double().T @ inputs.double() if is_whitened else None
    found = spectrum(weight, gram)
    for rank in (0, 3, 7, 12):
        down, up = found.factors(rank)
        made = up @ down
        off = (inputs @ (weight - made).T) if is_whitened else weight - made
        assert float(off.double().square().sum()) == pytest.approx(float(found.errors()[rank]), rel=1e-3, abs=1e-3)
    assert torch.allclose(made, weight, atol=1e-4)


def test_whitened_factors_keep_the_outputs_better_than_plain_ones() -> None:
    torch.manual_seed(0)
    weight, inputs = torch.randn(30, 40), torch.randn(500, 40) @ torch.diag(torch.logspace(-2, 1, 40))
    errors = {}
    for name, gram in (("plain", None), ("whitened", inputs.double().T @ inputs.double())):
        down, up = spectrum(weight, gram).factors(8)
        errors[name] = float((inputs @ (weight - up @ down).T).square().sum())
    assert errors["whitened"] < 0.5 * errors["plain"]


@pytest.mark.parametrize("size", [0.01, 1.0, 300.0])
def test_both_factors_are_of_one_size_however_large_the_inputs_are(size: float) -> None:
    torch.manual_seed(0)
    weight, inputs = torch.randn(30, 40), size * torch.randn(500, 40)
    down, up = spectrum(weight, inputs.double().T @ inputs.double()).factors(8)
    torch.testing.assert_close(down.norm(dim=1), up.norm(dim=0))


def test_harm_is_told_where_rounding_is_larger_than_it() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(20, 50_000, generator=generator)
    moved = logits + 1e-3 * torch.randn(logits.shape, generator=generator)
    before, after = (each.double().log_softmax(-1) for each in (logits, moved))
    found = _harm((logits.log_softmax(-1),), (moved.log_softmax(-1),))
    assert found == pytest.approx(float(divergence(after, before)), rel=0.02)
    assert _harm((logits.log_softmax(-1),), (logits.log_softmax(-1),)) == 0


def test_ranks_go_where_they_are_needed_and_keep_the_budget() -> None:
    steep = [100.0 * 0.5**rank for rank in range(33)]
    flat = [100.0 - 3 * rank for rank in range(33)]
    layers = [Layer("steep", 32, 64, steep), Layer("flat", 32, 64, flat)]
    for ratio in (0.3, 0.5, 0.8):
        ranks = choose_ranks(layers, ratio)
        left = sum(layer.size_at(ranks[layer.name]) if layer.name in ranks else layer.size for layer in layers)
        assert left <= ratio * 2 * 32 * 64
        assert ranks["steep"] < ranks.get("flat", 33)
    assert "flat" not in choose_ranks(layers, 0.8)  # it is left whole where the other one pays for it
    assert all(rank < 32 * 64 / 96 for rank in choose_ranks(layers, 0.99).values())
    assert set(choose_ranks(layers, 0.001).values()) == {1}


def test_grams_are_those_of_the_inputs_also_in_groups(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_base(str(tiny("llama"))).model
    layers = linear_layers(model)
    assert len(layers) == 3 * 7
    found = grams(model, layers, rows(2))
    first = next(name for name in layers if name.endswith("q_proj"))
    seen: list[torch.Tensor] = []
    hook = layers[first].register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0][0]))
    for row in rows(2):
        model(input_ids=row, use_cache=False)
    hook.remove()
    inputs = torch.cat(seen).double()
    assert torch.allclose(found[first], inputs.T @ inputs, rtol=1e-4)
    monkeypatch.setattr("finetab_training.compress.calibration._GROUP_BYTES", 3 * 64**2 * 8)
    assert [name for group in in_groups(layers) for name in group] == list(layers)
    assert len(list(in_groups(layers))) > 3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_compressed_model_keeps_its_ratio_loads_and_is_served(
    family: str, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "small"
    report = compress(Compression(str(tiny(family)), 0.7, str(project)), out, no_news)
    was, now = report["numbers_in_linear_layers"]
    assert 0.5 * was < now <= 0.7 * was
    assert report["numbers"][0] - report["numbers"][1] == was - now
    ranks = read_ranks(out)
    assert len(ranks) == report["factored_layers"] > 0
    loaded = load_base(str(out)).model
    alone = load_factored(out)
    row = rows(1)[0]
    with torch.inference_mode():
        assert torch.equal(loaded(input_ids=row).logits, alone(input_ids=row).logits)
    assert (num_numbers(loaded), num_numbers(load_base(str(tiny(family))).model)) == (now, was)
    assert "factored" in why_not(read_config(out))
    completer = load_completer(Settings(base=str(out), form="prefix", max_new_tokens=4), silent)
    completer.complete(CompletionRequest(open_document("a.py", "x = "), 4))
    completer.close()
    with pytest.raises(BadSetting, match="compressed model, which cannot be held in 4 bits"):
        load_base(str(out), quantisation="nf4")
    kept = json.loads((out / "compression.json").read_text())
    assert (kept["ranks"], read_config(out)["dtype"]) == (ranks, "float32")


def test_looking_at_inputs_and_loss_loses_less_than_plain_svd(tiny: Callable[[str], Path]) -> None:
    """On models whose inputs lie in few directions, as those of real ones do; over several, for one may be lucky."""
    torch.manual_seed(0)
    seen, unseen = rows(12), rows(6, seed=1)
    off = dict.fromkeys(("plain", "whitened"), 0.0)
    for _ in range(4):
        original = load_base(str(tiny("llama"))).model
        with torch.no_grad():
            table = embedding_rows(original)
            table.copy_(torch.randn(len(table), 5) @ torch.randn(5, 64) + 0.05 * torch.randn_like(table))
        for name, text in (("plain", None), ("whitened", Text(seen, seen[:2]))):
            small = deepcopy(original)
            factor(small, 0.6, text, no_news)
            with torch.inference_mode():
                apart = [small(input_ids=row).logits - original(input_ids=row).logits for row in unseen]
            off[name] += sum(float(each.square().mean()) for each in apart)
    assert off["whitened"] < off["plain"]


def test_distilling_brings_the_original_back_and_touches_factors_only(tiny: Callable[[str], Path]) -> None:
    original = load_base(str(tiny("gemma3_text"))).model
    small = deepcopy(original)
    factor(small, 0.6, Text(rows(6), rows(2)), no_news)
    before = {name: weight.clone() for name, weight in small.named_parameters()}
    losses: list[float] = []
    distil(small, original, rows(6), 120, losses.append)
    assert sum(losses[-6:]) < 0.8 * sum(losses[:6])
    in_factors = {
        id(weight) for module in small.modules() if isinstance(module, Factored) for weight in module.parameters()
    }
    for name, weight in small.named_parameters():
        assert torch.equal(weight, before[name]) == (id(weight) not in in_factors), name
    assert min(losses_of(small, rows(2))) > 0


def test_a_compressed_model_is_measured_and_written_in_the_originals_numbers_and_is_smaller(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, out, measured = tmp_path / "tiny-smollm2-half", tmp_path / "small", []
    held: Any = load_base(str(tiny("llama"))).model
    held.half().save_pretrained(original)
    shutil.copy(tiny("llama") / "tokenizer.json", original)

    def losses(model: PreTrainedModel, held_out: list[torch.Tensor]) -> list[float]:
        measured.append(all(torch.equal(weight, weight.half().float()) for weight in model.parameters()))
        return [1.0] * len(held_out)

    monkeypatch.setattr("finetab_training.compress.compression.losses", losses)
    report = compress(Compression(str(original), 0.6, str(project), plain=True, steps=2), out, no_news)
    assert measured[1:] == [True, True]
    written = out / "model.safetensors"
    assert {value.dtype for value in load_file(written).values()} == {torch.float16}
    assert read_config(out)["dtype"] == "float16"
    was, now = report["bytes"]
    assert now == written.stat().st_size < 0.9 * was


def test_everything_is_on_the_cpu_also_where_there_is_a_gpu(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device that is taken by itself is one on which nothing can be computed."""
    asked: list[str] = []

    def picked(device: str) -> torch.device:
        asked.append(device)
        return torch.device("meta" if device == "auto" else device)

    monkeypatch.setattr("finetab.core.models.pick_device", picked)
    compress(Compression(str(tiny("llama")), 0.7, str(project), plain=True), tmp_path / "small", no_news)
    assert asked == ["cpu"]


def test_a_compressed_base_is_not_compressed_again(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    small = tmp_path / "tiny-smollm2-small"
    compress(Compression(str(tiny("llama")), 0.7, str(project), plain=True), small, no_news)
    with pytest.raises(BadInput, match=r"compressed already, with \d+ layers factored; compress the base that"):
        compress(Compression(str(small), 0.5, str(project), plain=True), tmp_path / "smaller", no_news)
    assert not (tmp_path / "smaller").exists()


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_read(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    seen: list[str] = []
    with pytest.raises(NoSpace, match="a file stands where a folder is needed"):
        compress(Compression(str(tiny("llama")), 0.7, str(project)), tmp_path / "file" / "small", seen.append)
    assert not seen


def test_distilling_that_is_stopped_leaves_what_was_learned(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    done: list[str] = []

    def advance(what: str) -> None:
        done.append(what)
        if done.count("distilling") == 3:
            raise KeyboardInterrupt

    report = compress(Compression(str(tiny("llama")), 0.7, str(project), steps=50), tmp_path / "small", advance)
    assert report["steps"] == 2
    assert report["loss"]["distilled"] != report["loss"]["compressed"]
    assert (tmp_path / "small" / "model.safetensors").is_file()


def test_what_cannot_be_is_told(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"between 0 and 1, not 1\.5"):
        compress(Compression(str(tiny("llama")), 1.5, str(project)), tmp_path / "small", no_news)
    (tmp_path / "there").mkdir()
    with pytest.raises(BadFile, match="exists already"):
        compress(Compression(str(tiny("llama")), 0.5, str(project)), tmp_path / "there", no_news)
    (tmp_path / "little").mkdir()
    (tmp_path / "little" / "a.py").write_text("x = 1\n")
    with pytest.raises(BadFile, match="holds too little"):
        compress(Compression(str(tiny("llama")), 0.5, str(tmp_path / "little")), tmp_path / "small", no_news)
