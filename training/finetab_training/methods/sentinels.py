"""Sentinel rows: three tokens that no text contains get embeddings of their own, trained with the adapter.

`core/models.py` gives them their start when a base is loaded.
"""

from types import MethodType
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.trainable_tokens import TrainableTokensLayer
from torch.nn import functional
from transformers import PreTrainedModel

from finetab_training.methods.base import Target


def trainable_rows(target: Target) -> dict[str, list[int]] | None:
    """PEFT's `trainable_token_indices` for the target's new rows; None where it has none."""
    return {input_embedding_name(target.model): list(target.rows)} if target.rows else None


def input_embedding_name(model: PreTrainedModel) -> str:
    """The last part of the module name of the input embedding, as PEFT's `trainable_token_indices` wants it."""
    embedding = model.get_input_embeddings()
    name: str = next(name for name, module in model.named_modules() if module is embedding)
    return name.rsplit(".", 1)[-1]


def use_row_sums(model: PeftModel) -> None:
    """Make PEFT's trainable tokens cheap: work with the few rows, not with a copy of the whole matrix.

    PEFT writes the rows into a copy of the embedding at every call, and once more for a tied head: with a
    vocabulary of 262,144 that is two copies of 670 MB and two dense gradients a step. The values are the same.
    """
    for module in model.modules():
        if isinstance(module, TrainableTokensLayer):
            setattr(module, "forward_adapters", MethodType(_forward_rows, module))  # noqa: B010 - a method of one object


def _forward_rows(layer: Any, x: torch.Tensor, active_adapters: list[str], *args: Any, **kwargs: Any) -> torch.Tensor:
    result: torch.Tensor = layer.base_layer(x, *args, **kwargs)
    if layer.disable_adapters or layer.merged:
        return result
    for name in active_adapters:
        rows = layer.trainable_tokens_delta[name].to(result.dtype)  # (rows, hidden)
        indices = torch.tensor(layer.token_indices[name], device=x.device)
        if isinstance(layer.base_layer, torch.nn.Linear):
            result.index_copy_(-1, indices, functional.linear(x, rows))  # no copy of the logits
        else:
            scale = layer._get_embed_scale()
            rows = rows if scale is None else rows * scale.to(rows.dtype)
            is_row = x[..., None] == indices  # (B, T, rows)
            chosen = functional.embedding(is_row.int().argmax(dim=-1), rows)
            result = torch.where(is_row.any(dim=-1, keepdim=True), chosen, result)
    return result
