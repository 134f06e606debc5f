"""Every technique on every family: it trains, is saved, and comes back the same on a fresh base."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from peft import PeftModel
from tests.conftest import FAMILIES
from tests.training.train.test_run import config_for, trained
from transformers import BertConfig, BertForSequenceClassification, PreTrainedModel

from finetab.adapters.attach import attach
from finetab.adapters.library import WEIGHTS, read_adapter
from finetab.core.models import load_base
from finetab.errors import BadAdapter, BadSetting
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.registry import METHODS, method_by_name
from finetab_training.runs import run_of

SMALL: dict[str, dict[str, Any]] = {
    "vera": {"r": 8},
    "ia3": {},
    "tokens": {},
    "full": {},
    "rslora": {"r": 4, "alpha": 8},
    "eva": {"r": 4, "alpha": 8},
}


def options_of(method: str) -> dict[str, Any]:
    return SMALL.get(method, {"r": 4})


def logits_of(model: Any, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits
    return logits.clone()


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("family", FAMILIES)
def test_a_technique_trains_is_saved_and_comes_back(
    method: str, family: str, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    more = {"options": options_of(method), "method": method, "max_steps": 4, "learning_rate": 1e-2}
    out = trained(run_of(config_for(project, tiny(family), tmp_path / "adapter", **more)))
    folder, manifest = read_adapter(str(out))
    assert (manifest.method, manifest.quantisation) == (method, "nf4" if METHODS[method].base == "NF4" else "none")
    base = load_base(str(tiny(family)))
    ids = torch.tensor([[1, base.fim.prefix_id, base.fim.suffix_id, 40, 41, base.fim.middle_id, 50, 51]])
    plain = logits_of(base.model, ids)
    served = logits_of(attach(base, folder, manifest), ids)
    assert served.isfinite().all()
    assert not torch.allclose(served, plain, atol=1e-3)
    if method not in ("full", "tokens"):
        beside = PeftModel.from_pretrained(load_base(str(tiny(family))).model, str(folder))
        assert torch.allclose(served, logits_of(beside, ids), atol=1e-3)


def target_of(tiny: Callable[[str], Path], family: str, quantisation: Any) -> Target:
    base = load_base(str(tiny(family)), quantisation=quantisation)
    return Target(base.model, rows=base.fim.sentinel_ids, folder=base.folder)


@pytest.mark.parametrize("method", ["pissa", "loftq"])
def test_what_is_saved_adds_to_the_untouched_base_what_training_changed(
    method: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    made = method_by_name(method)
    target = target_of(tiny, "llama", made.quantisation)
    before = target.model.state_dict() if method == "pissa" else {}
    exact = {name: weight.clone() for name, weight in before.items()}
    tuned = made.apply(target, made.options({"r": 4}))
    layer = tuned.model.get_submodule("base_model.model.model.layers.0.self_attn.q_proj")
    with torch.no_grad():
        layer.lora_B["default"].weight.add_(0.01)
    tuned.save(tmp_path)
    fresh = load_base(str(tiny("llama")))
    adapted: Any = PeftModel.from_pretrained(fresh.model, str(tmp_path))
    loaded = adapted.get_submodule("base_model.model.model.layers.0.self_attn.q_proj")
    change = 0.01 * layer.lora_A["default"].weight.sum(dim=0) * layer.scaling["default"]
    assert torch.allclose(loaded.get_delta_weight("default"), change.expand(64, 64), atol=1e-4)
    if method == "pissa":
        merged = layer.base_layer.weight + layer.get_delta_weight("default") - change
        assert torch.allclose(merged, exact["model.layers.0.self_attn.q_proj.weight"], atol=1e-4)


def test_loftq_starts_nearer_to_the_exact_weights_than_rounding_does(tiny: Callable[[str], Path]) -> None:
    from bitsandbytes.functional import dequantize_4bit

    made = method_by_name("loftq")
    target = target_of(tiny, "llama", "nf4")
    tuned = made.apply(target, made.options({"r": 16}))
    layer = tuned.model.get_submodule("base_model.model.model.layers.0.mlp.up_proj")
    exact = load_base(str(tiny("llama"))).model.get_parameter("model.layers.0.mlp.up_proj.weight")
    rounded = dequantize_4bit(layer.base_layer.weight.data, layer.base_layer.weight.quant_state)
    started = rounded + layer.get_delta_weight("default")
    assert torch.dist(started, exact) < 0.8 * torch.dist(rounded, exact)


def test_loftq_says_when_the_exact_weights_are_not_there(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    made = method_by_name("loftq")
    folder = copytree(tiny("llama"), tmp_path / "tiny-smollm2")
    target = target_of(lambda family: folder, "llama", "nf4")
    (folder / "model.safetensors").unlink()
    with pytest.raises(BadSetting, match="loftq finds no full-precision weight"):
        made.apply(target, made.options({}))


def test_adalora_moves_ranks_and_is_penalised(tiny: Callable[[str], Path]) -> None:
    made = method_by_name("adalora")
    base = load_base(str(tiny("llama")), quantisation="nf4")
    tuned = made.apply(Target(base.model, total_steps=20), made.options({"r": 2, "first_r": 6}))
    optimiser = torch.optim.AdamW([weight for weight in tuned.model.parameters() if weight.requires_grad], 1e-2)
    penalty = tuned.penalty()
    assert penalty is not None
    assert penalty > 0
    ids = torch.randint(1, 200, (1, 40))
    for step in range(1, 21):
        optimiser.zero_grad()
        (tuned.model(input_ids=ids, labels=ids).loss + (tuned.penalty() or 0)).backward()
        optimiser.step()
        tuned.after_step(step)
    ranks = [int((weight != 0).sum()) for name, weight in tuned.model.named_parameters() if "lora_E" in name]
    assert sum(ranks) < 6 * len(ranks)
    assert len(set(ranks)) > 1


def test_the_rows_alone_may_be_those_that_a_base_knows(tiny: Callable[[str], Path]) -> None:
    base, made = load_base(str(tiny("llama"))), method_by_name("tokens")
    tuned = made.apply(Target(base.model, known=base.fim.sentinel_ids), made.options({}))
    assert tuned.num_trainable == 3 * base.model.config.hidden_size


def test_the_rows_alone_need_rows(tiny: Callable[[str], Path]) -> None:
    made = method_by_name("tokens")
    with pytest.raises(BadSetting, match="this model has none; use lora"):
        made.apply(Target(load_base(str(tiny("llama"))).model), made.options({}))


def test_whole_weights_do_not_go_onto_a_4_bit_base(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    more = {"options": {}, "method": "full", "max_steps": 1}
    out = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", **more)))
    folder, manifest = read_adapter(str(out))
    assert not (folder / WEIGHTS).exists()
    with pytest.raises(BadAdapter, match="cannot be put onto a base in 4 bits"):
        attach(load_base(str(tiny("llama")), quantisation="nf4"), folder, manifest)


# An encoder that sorts texts into classes goes through the same API.


def classifier() -> PreTrainedModel:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=60, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def texts() -> dict[str, torch.Tensor]:
    """Forty texts; the class is whether a word stands in it."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, 59, (40, 12), generator=generator)
    labels = torch.arange(40) % 2
    ids[labels == 1, 5] = 59
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def fitted(tuned: Tuned, batch: dict[str, torch.Tensor], steps: int) -> float:
    weights = [weight for weight in tuned.model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, 1e-2)
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        loss = tuned.model(**batch).loss + (tuned.penalty() or 0)
        loss.backward()
        optimiser.step()
        tuned.after_step(step)
    return float(tuned.model(**batch).loss.detach())


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"loftq", "tokens"}))
def test_a_classifier_is_tuned_saved_and_comes_back(method: str, tmp_path: Path) -> None:
    made = method_by_name(method)
    batch = texts()
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    target = Target(classifier(), task="SEQ_CLS", batches=lambda: [inputs], total_steps=40)
    tuned = made.apply(target, made.options({**options_of(method)}))
    with torch.no_grad():
        before = float(tuned.model(**batch).loss)
    assert fitted(tuned, batch, 40) < 0.9 * before
    tuned.save(tmp_path)
    if method != "full":
        again = PeftModel.from_pretrained(classifier(), str(tmp_path))
        tuned.model.eval()
        again.eval()
        with torch.no_grad():
            assert torch.allclose(again(**inputs).logits, tuned.model(**inputs).logits, atol=1e-3)


def test_eva_starts_from_the_directions_of_the_inputs(tiny: Callable[[str], Path]) -> None:
    made = method_by_name("eva")
    base = load_base(str(tiny("llama")))
    rows = [{"input_ids": torch.randint(1, 200, (1, 60), generator=torch.Generator().manual_seed(n))} for n in range(4)]
    tuned = made.apply(Target(base.model, batches=lambda: rows), made.options({"r": 8}))
    layer = tuned.model.get_submodule("base_model.model.model.layers.1.mlp.down_proj")
    factor = layer.lora_A["default"].weight.detach()
    assert torch.allclose(factor @ factor.T, torch.eye(8), atol=1e-4)
    inputs: list[torch.Tensor] = []
    layer.register_forward_pre_hook(lambda module, args: inputs.append(args[0].reshape(-1, args[0].shape[-1])))
    with torch.inference_mode():
        for row in rows:
            tuned.model(**row)
    kept = torch.linalg.matrix_norm(torch.cat(inputs) @ factor.T) / torch.linalg.matrix_norm(torch.cat(inputs))
    exact = torch.linalg.svd(torch.cat(inputs)).S
    best = exact[:8].norm() / exact.norm()
    assert kept > 0.97 * best
