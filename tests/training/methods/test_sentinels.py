"""Sentinel rows: started from spelled tokens, trained as PEFT would train them, at a fraction of the cost."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from finetab.core.models import embedding_rows, load_base
from finetab_training.methods.base import Target
from finetab_training.methods.registry import method_by_name
from finetab_training.methods.sentinels import input_embedding_name, use_row_sums

FAMILIES = ("gpt_neox", "llama", "gemma3_text")


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_start_as_the_mean_of_their_spelling(family: str, tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny(family)))
    rows = base.fim.sentinel_ids
    weight = embedding_rows(base.model)
    spelled = weight[torch.tensor(base.tokenizer.encode("<SUF>"))].mean(dim=0)
    assert torch.allclose(weight[rows[1]], spelled)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [False, True])
def test_row_sums_give_peft_s_own_logits_and_gradients(family: str, tied: bool, tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny(family)))
    if tied:
        base.model.config.tie_word_embeddings = True
        base.model.tie_weights()
    rows = list(base.fim.sentinel_ids)
    name = input_embedding_name(base.model)
    config = LoraConfig(r=4, target_modules="all-linear", trainable_token_indices={name: rows})
    torch.manual_seed(0)
    theirs = get_peft_model(base.model, config)
    ours = deepcopy(theirs)
    use_row_sums(ours)
    ids = torch.tensor([[1, rows[0], rows[1], 7, rows[2], 9, 10]])
    results = []
    for model in (theirs, ours):
        logits = model(input_ids=ids, use_cache=False).logits
        loss: Any = torch.nn.functional.cross_entropy(logits[0, :-1], torch.tensor([2, 3, 4, 5, 6, 7]))
        loss.backward()
        gradients = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
        results.append((logits, gradients))
    (their_logits, their_gradients), (our_logits, our_gradients) = results
    assert torch.allclose(their_logits, our_logits, atol=1e-5)
    assert their_gradients.keys() == our_gradients.keys()
    assert any("trainable_tokens" in name for name in our_gradients)
    for name, gradient in their_gradients.items():
        assert torch.allclose(gradient, our_gradients[name], atol=1e-5), name


@pytest.mark.parametrize("method", ["lora", "qlora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_linear_layer_but_the_head_is_trained(family: str, method: str, tiny: Callable[[str], Path]) -> None:
    made = method_by_name(method)
    base = load_base(str(tiny(family)), quantisation=made.quantisation)
    model = made.apply(Target(base.model, rows=base.fim.sentinel_ids), made.options({"r": 2})).model
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    per_layer = 4 if family == "gpt_neox" else 7
    assert sum("lora_A" in name for name in trained) == 3 * per_layer
    assert sum("trainable_tokens_delta" in name for name in trained) == 1
    assert all("lora" in name or "trainable_tokens" in name for name in trained)
