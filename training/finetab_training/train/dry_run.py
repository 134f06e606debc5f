"""`finetab train --dry-run`: what a run would train and need, and, with random weights, what it really takes."""

import time
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, set_seed

from finetab.core.device import pick_device, pick_dtype
from finetab.errors import BadInput
from finetab_training.config import RunConfig
from finetab_training.data.fim_samples import IGNORED
from finetab_training.data.packing import Row
from finetab_training.methods.base import Target
from finetab_training.methods.registry import method_by_name
from finetab_training.runs import Run
from finetab_training.train.callbacks import peak_memory_gb
from finetab_training.train.estimate import ROWS, Estimate, estimate, new_rows
from finetab_training.train.pace import COUNTED_SHARE
from finetab_training.train.random_base import base_shape, random_model
from finetab_training.train.rows import StoredRows, write_packed
from finetab_training.train.trainer import RowTrainer

_WARM_UP, _MEASURED = 1, 3  # steps


def dry_run(config: RunConfig, console: Console, *, random_weights: bool) -> None:
    """Print the plan of a run; with random weights take a few steps on random rows and print what they took.

    Raises `MissingWeights` where not even the shape of the base is known on this machine.
    """
    if random_weights and config.method == "loftq":
        raise BadInput(
            "loftq starts from the base's own weights, so random ones cannot measure it; qlora needs as much."
        )
    shape = base_shape(config.base)
    device = pick_device(config.device)
    dtype = pick_dtype(config.dtype, device)
    method = method_by_name(config.method)
    measured = _measured(config, shape, device, dtype) if random_weights else ""
    planned = estimate(shape, method, config, device, dtype)  # afterwards: its probe takes memory of its own
    share = planned.trainable / planned.parameters
    console.print(f"{planned.parameters:,} parameters, {planned.trainable:,} to train ({share:.2%})", highlight=False)
    console.print(_table(planned), highlight=False)
    if measured:
        console.print(measured, highlight=False)


def _table(planned: Estimate) -> Table:
    table = Table("memory", "GB", box=None)
    for name, value in planned.table().items():
        table.add_row(name, f"{value:.2f}")
    return table


def _measured(config: RunConfig, shape: Any, device: torch.device, dtype: torch.dtype) -> str:
    method = method_by_name(config.method)
    # On a CPU the process itself, its libraries, is not of the run.
    before = 0.0 if device.type == "cuda" else peak_memory_gb()
    set_seed(config.seed)
    steps = _WARM_UP + _MEASURED
    with TemporaryDirectory() as folder:
        path = Path(folder)
        write_packed(path / "rows.arrow", _random_rows(config, int(shape.vocab_size), steps))
        rows = StoredRows(path / "rows.arrow")
        model = random_model(shape, device, dtype, method.quantisation)
        target = Target(model, rows=new_rows(shape, config), known=ROWS, batches=rows.batches, total_steps=steps)
        tuned = method.apply(target, method.options(config.options))
        watch = _Watch()
        run = Run(path, replace(config, max_steps=steps, save_steps=steps + 1, warmup_share=0.0))
        trainer = RowTrainer(tuned, rows, None, run, [watch])
        trainer.pop_callback(PrinterCallback)
        trainer.train()
    tokens = config.row_tokens * config.rows_per_step * _MEASURED
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return (
        f"measured on {where}: {peak_memory_gb() - before:.2f} GB at most, {tokens / watch.seconds:,.0f} tokens/s "
        f"({_MEASURED} steps of {config.rows_per_step} rows of {config.row_tokens} tokens, random weights)"
    )


def _random_rows(config: RunConfig, num_ids: int, steps: int) -> list[Row]:
    generator = Random(config.seed)
    rows = []
    for _ in range(steps * config.rows_per_step):
        ids = [generator.randrange(num_ids) for _ in range(config.row_tokens)]
        labels = [index if generator.random() < COUNTED_SHARE else IGNORED for index in ids]
        rows.append(Row(tuple(ids), tuple(labels), tuple(range(config.row_tokens))))
    return rows


class _Watch(TrainerCallback):
    """Times the steps after the first ones."""

    seconds = 0.0

    def on_step_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Start the clock."""
        if state.global_step == _WARM_UP:
            self._started = time.perf_counter()

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Stop the clock."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if state.global_step > _WARM_UP:
            self.seconds = time.perf_counter() - self._started
