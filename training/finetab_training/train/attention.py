"""Which attention packed rows are trained with: one that computes nothing between tokens of different samples."""

from contextlib import suppress
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.utils.import_utils import is_flash_attn_2_available

_HALF = (torch.bfloat16, torch.float16)
_MOST_SCORES = 1 << 23  # of one layer and one sample: 32 MB that are kept until the way back
VARLEN = "flash_attention_2"
BY_SAMPLE = "finetab_by_sample"


def use_packed_attention(model: Any, dtype: torch.dtype) -> None:
    """Switch to attention that looks at a row's samples one by one.

    On a CUDA device in half precision that is flash-attn where it is installed: transformers reads the samples' bounds
    from their positions. On a processor it is plain products, which take a third to half of the time of PyTorch's
    fused attention there, its way back above all. Elsewhere, and where a family knows neither, PyTorch's computes the
    whole row and masks what lies between samples.
    """
    place = model.device.type
    varlen = place == "cuda" and dtype in _HALF and is_flash_attn_2_available()
    name = VARLEN if varlen else BY_SAMPLE if place == "cpu" else None
    if name is not None:
        with suppress(ValueError):  # a family without it
            model.set_attn_implementation(name)


def attention_by_sample(
    module: Any,
    query_1HTD: torch.Tensor,
    key_1GTD: torch.Tensor,
    value_1GTD: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    position_ids: torch.Tensor | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Attention (1, T, H, D) as transformers asks for it; a packed row's samples are where its positions begin anew.

    What is not one whole row without a cache is PyTorch's attention's.
    """
    _, heads, length, width = query_1HTD.shape
    bounds = _bounds(position_ids, length)
    longest = max(end - start for start, end in bounds)
    is_row = len(query_1HTD) == 1 and key_1GTD.shape[2] == length and _is_of_one_row(attention_mask)
    if not (is_row and module.is_causal) or others.keys() & _CHANGING or heads * longest**2 > _MOST_SCORES:
        return sdpa_attention_forward(
            module, query_1HTD, key_1GTD, value_1GTD, attention_mask,
            dropout=dropout, scaling=scaling, position_ids=position_ids, **others,
        )  # fmt: skip
    scale = width**-0.5 if scaling is None else scaling
    hidden = None if attention_mask is None else ~attention_mask[0, 0]
    lengths = [end - start for start, end in bounds]
    # Splits, not slices: on the way back these are put together once, slices each into a whole row of zeros.
    queries, keys, values = (whole[0].split(lengths, dim=1) for whole in (query_1HTD * scale, key_1GTD, value_1GTD))
    masks = [
        _later(end - start, query_1HTD.device) if hidden is None else hidden[start:end, start:end]
        for start, end in bounds
    ]
    parts = [_one_sample(*sample, dropout) for sample in zip(queries, keys, values, masks, strict=True)]
    return torch.cat(parts, dim=1).transpose(0, 1)[None], None


_CHANGING = {"softcap", "position_bias", "cache", "s_aux"}
"""What other attentions are told besides; none of the families here is."""


def _is_of_one_row(mask: torch.Tensor | None) -> bool:
    return mask is None or (mask.dtype == torch.bool and mask.shape[:2] == (1, 1))


def _bounds(positions: torch.Tensor | None, length: int) -> list[tuple[int, int]]:
    if positions is None or positions.shape != (1, length):
        return [(0, length)]
    starts = (positions[0, 1:] <= positions[0, :-1]).nonzero().flatten().add(1).tolist()
    return list(zip([0, *starts], [*starts, length], strict=True))


def _later(length: int, device: torch.device) -> torch.Tensor:
    return torch.ones(length, length, dtype=torch.bool, device=device).triu(1)


def _one_sample(
    query_HTD: torch.Tensor, key_GTD: torch.Tensor, value_GTD: torch.Tensor, hidden_TT: torch.Tensor, dropout: float
) -> torch.Tensor:
    """(H, T, D). The query heads of one key head are one product with it."""
    heads, length, width = query_HTD.shape
    groups = len(key_GTD)
    scores = query_HTD.reshape(groups, -1, width) @ key_GTD.transpose(1, 2)
    scores = scores.view(heads, length, length).masked_fill(hidden_TT, float("-inf"))
    shares = functional.dropout(scores.softmax(-1, dtype=torch.float32), dropout).to(value_GTD.dtype)
    return (shares.view(groups, -1, length) @ value_GTD).view(heads, length, width)


AttentionInterface.register(BY_SAMPLE, attention_by_sample)
AttentionMaskInterface.register(BY_SAMPLE, sdpa_mask)
