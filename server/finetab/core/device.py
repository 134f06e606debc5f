"""Where a model goes, and what its numbers are in there."""

import torch

from finetab.errors import BadSetting

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(device: str) -> torch.device:
    """`auto` takes CUDA, then Apple's MPS, then the CPU; anything else must be there."""
    if device == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        raise BadSetting(f'The device "{device}" cannot be used here; use {_usable()}.') from error
    return place


def _usable() -> str:
    mps = torch.backends.mps.is_available()
    names = ["auto", *["cuda"] * torch.cuda.is_available(), *["mps"] * mps]
    return f"{', '.join(names)} or cpu"


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 numbers faster than others, so that training does well to use them."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    known = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def pick_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """`auto` takes bfloat16 or float16 on an accelerator and float32 on the CPU.

    On a CPU without bfloat16 arithmetic, bfloat16 is several times slower than float32.
    """
    if dtype == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.float16 if device.type == "mps" else torch.float32
    if dtype not in _DTYPES:
        raise BadSetting(f'The dtype "{dtype}" is unknown; use auto, {", ".join(_DTYPES)}.')
    return _DTYPES[dtype]
