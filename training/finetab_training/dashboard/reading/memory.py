"""The memory that a run will need, beside what this machine has free."""

from dataclasses import dataclass

import psutil
import torch

from finetab.core.device import pick_device, pick_dtype
from finetab_training.config import RunConfig
from finetab_training.methods.registry import method_by_name
from finetab_training.train.estimate import estimate
from finetab_training.train.random_base import base_shape


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What a run needs, in GB."""

    parts: tuple[tuple[str, float], ...]
    """What it is for, and how much."""
    parameters: int
    trainable: int

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(size for _, size in self.parts)


def memory_need(config: RunConfig) -> MemoryNeed:
    """What a run of this config needs. Raises `MissingWeights` where not even the base's shape is known here."""
    device = pick_device(config.device)
    shape, method = base_shape(config.base), method_by_name(config.method)
    planned = estimate(shape, method, config, device, pick_dtype(config.dtype, device))
    parts = tuple((name, size) for name, size in planned.table().items() if name != "in all")
    return MemoryNeed(parts, planned.parameters, planned.trainable)


def free_gb(config: RunConfig) -> float:
    """What is free at this moment where a run of this config would be, in GB."""
    device = pick_device(config.device)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    return float(free) / 1e9
