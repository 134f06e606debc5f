"""Which attention packed rows are trained with."""

from typing import Any

import torch
from transformers.utils.import_utils import is_flash_attn_2_available

_HALF = (torch.bfloat16, torch.float16)
VARLEN = "flash_attention_2"


def use_varlen(model: Any, dtype: torch.dtype) -> bool:
    """Switch to attention that computes no pair of tokens of different samples, where it is to be had; whether it is.

    That is flash-attn on a CUDA device in half precision: transformers reads the samples' bounds from their positions.
    Elsewhere PyTorch's attention computes the whole row and masks what lies between samples.
    """
    if not is_flash_attn_2_available() or model.device.type != "cuda" or dtype not in _HALF:
        return False
    try:
        model.set_attn_implementation(VARLEN)
    except ValueError:  # a family without it
        return False
    return True
