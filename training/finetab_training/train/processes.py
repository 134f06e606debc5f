"""A run in several processes, on one machine or more: each takes its share of every step's rows.

`accelerate launch` or `torchrun` starts them; without either there is one. The first one writes the run's files.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import PartialState
from torch import nn
from torch.distributed.tensor import DTensor

from finetab.core.device import pick_device
from finetab.errors import BadSetting
from finetab_training.config import RunConfig

_PATIENCE = timedelta(hours=12)  # the others wait while the first one reads the corpus and makes the rows


def join_processes(config: RunConfig) -> PartialState:
    """The processes of this run, this one among them. Raises `BadSetting` where a step's rows cannot be shared."""
    on_cpu = pick_device(config.device).type == "cpu"
    processes = PartialState(cpu=on_cpu, timeout=_PATIENCE)
    if config.rows_per_step % processes.num_processes:
        raise BadSetting(
            f"rows_per_step is {config.rows_per_step}, which {processes.num_processes} processes cannot share evenly; "
            f"make it a multiple of {processes.num_processes}."
        )
    if processes.device.type == "cuda":
        torch.cuda.set_device(processes.device)  # what `cuda` means from now on in this process
    return processes


def leave_processes(processes: PartialState) -> None:
    """Wait until all are done, and close what connects them.

    A process that ends with its connections open is at times aborted (SIGABRT) because another one ended before it.
    """
    processes.wait_for_everyone()
    processes.destroy_process_group()


def in_any(flag: bool) -> bool:
    """Whether it is so in one process at least; all of them must ask."""
    processes = PartialState()
    if processes.num_processes == 1:
        return flag
    shared = torch.tensor(int(flag), device=processes.device)
    torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX)
    return bool(shared)


def from_first(value: float) -> float:
    """The first process's value, in all of them, so that what follows from it is the same everywhere."""
    processes = PartialState()
    if processes.num_processes == 1:
        return value
    shared = torch.tensor(value, device=processes.device)
    torch.distributed.broadcast(shared, 0)
    return float(shared)


def is_sharded() -> bool:
    """Whether weights are spread over the processes (FSDP), and not in each of them whole."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false") == "true"


def gather_trained(model: nn.Module) -> None:
    """Make sharded weights that were trained whole again, in every process, so that they can be saved as they are.

    All processes must call it; the model is of no further use to FSDP.
    """
    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False):
            if weight.requires_grad and isinstance(weight.data, DTensor):
                module.register_parameter(name, nn.Parameter(weight.data.full_tensor()))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Where a process other than the first writes what nobody will read."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
