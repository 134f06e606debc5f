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
    """Whether the device multiplies bfloat16 numbers faster than others, so that training does well to use them.

    AVX-512 BF16 alone is twice as fast as float32 on AMD's processors. Intel's that have it have AMX as well; where a
    virtual machine hides that, what is left takes one and a half times as long as float32.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type != "cpu":
        return False
    known = torch.cpu.get_capabilities()
    is_intel = str(known.get("cpu_name", "")).startswith("Intel")
    return bool(known.get("amx_bf16") or (known.get("avx512_bf16") and not is_intel))


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
