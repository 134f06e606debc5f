"""How much memory the keys and values of past prompts may take."""

import psutil
import torch

_RAM_SHARE = 1 / 64
_MOST_RAM = 192 << 20  # five prompts of the default model: a language server is not to be noticed
_GPU_SHARE = 1 / 16
_TEAM_RAM_SHARE, _TEAM_GPU_SHARE = 1 / 8, 1 / 4


def kv_budget(device: torch.device) -> int:
    """In bytes: a small share of the memory in which they lie."""
    if device.type == "cuda":
        return int(_gpu_bytes(device) * _GPU_SHARE)
    return min(_MOST_RAM, int(psutil.virtual_memory().total * _RAM_SHARE))


def team_kv_budget(device: torch.device) -> int:
    """In bytes, of all who share an engine: it is what their machine is for."""
    if device.type == "cuda":
        return int(_gpu_bytes(device) * _TEAM_GPU_SHARE)
    return int(psutil.virtual_memory().total * _TEAM_RAM_SHARE)


def _gpu_bytes(device: torch.device) -> int:
    return int(torch.cuda.get_device_properties(device).total_memory)
