"""Adapters that change what a small model says, made in a moment: random factors instead of trained ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tests.server.core.test_manifest import MANIFEST

from finetab.adapters.attach import attach
from finetab.core import manifest
from finetab.core.manifest import Budgets
from finetab.core.models import embedding_rows, load_base

VERSION_LENGTH = 12


def make_adapter(
    base_folder: Path,
    out: Path,
    seed: int,
    *,
    with_rows: bool = True,
    layers: str | list[str] = "all-linear",
    **options: Any,
) -> Path:
    """A LoRA adapter for a model's folder; the seed is its version, and what it changes."""
    base = load_base(str(base_folder))
    embedding = next(name for name, module in base.model.named_modules() if module is base.model.get_input_embeddings())
    rows = {embedding.rsplit(".", 1)[-1]: list(base.fim.sentinel_ids)} if with_rows else None
    config = LoraConfig(r=4, target_modules=layers, trainable_token_indices=rows, **options)
    model = get_peft_model(base.model, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name or "trainable_tokens" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.5)
    model.save_pretrained(str(out), save_embedding_layers=False)
    made = replace(
        MANIFEST,
        name=out.name,
        version=f"{seed:0{VERSION_LENGTH}x}",
        base_name=base.name,
        base_fingerprint=base.fingerprint,
        tokenizer_fingerprint=base.tokenizer.fingerprint,
        sentinel_ids=base.fim.sentinel_ids,
        end_id=base.fim.end_id,
        fim_family=base.fim.family,
        budgets=Budgets(150, 60),
    )
    manifest.write(out, made)
    return out


def weights_with(base: Path, adapter: Path | None) -> dict[str, torch.Tensor]:
    """All linear weights of a base with an adapter merged into them."""
    loaded = load_base(str(base))
    model = loaded.model if adapter is None else attach(loaded, adapter, manifest.read(adapter))
    rows = embedding_rows(model)
    return {
        name: weight.clone() for name, weight in model.named_parameters() if weight.dim() == 2 and weight is not rows
    }
