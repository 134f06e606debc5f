"""A training run from its config to an adapter folder: corpus, rows, base, method, trainer, manifest."""

import hashlib
import shutil
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accelerate import PartialState
from rich.console import Console
from transformers import PrinterCallback, TrainerCallback, set_seed
from transformers.utils import logging as transformers_logging

from finetab.adapters.library import WEIGHTS, WHOLE_WEIGHTS
from finetab.core import manifest
from finetab.core.atomic import new_folder, not_writable
from finetab.core.manifest import Manifest
from finetab.core.memory import hold_on
from finetab.core.models import BaseModel, load_base
from finetab.core.products import fast_products
from finetab.errors import Interrupted, NoSpace
from finetab_training.config import RunConfig
from finetab_training.data import git
from finetab_training.data.trained import copy_trained
from finetab_training.methods.base import Target, Tuned
from finetab_training.methods.registry import method_by_name
from finetab_training.runs import Run, environment
from finetab_training.train.attention import use_packed_attention
from finetab_training.train.callbacks import ProgressBar, Records, StopOnInterrupt
from finetab_training.train.frozen import use_rounded_gradients
from finetab_training.train.inputs import ROWS, read_facts, read_held_out, write_inputs
from finetab_training.train.prepare import Prepared
from finetab_training.train.processes import gather_trained, is_sharded, join_processes, leave_processes, scratch_folder
from finetab_training.train.rows import HeldOut, StoredRows
from finetab_training.train.start import options_of, start_of, told_start
from finetab_training.train.trainer import RowTrainer

_LITTLE_SPACE = 1 << 20  # bytes


def train(run: Run, prepared: Prepared | None, console: Console) -> Path:
    """Train an adapter, or go on from the run's last checkpoint, and give its folder.

    Raises `Interrupted` after Ctrl-C, with the command that goes on; the adapter folder then is what it was. Raises
    `BadInput` where another process is at work on the run.
    """
    hold_on()
    config, out = run.config, Path(run.config.out)
    processes = join_processes(config)
    method = method_by_name(config.method)
    start, started = start_of(config) or (None, None)
    options = method.options(options_of(config, started))
    transformers_logging.set_verbosity_error()
    base = load_base(
        config.base, device=config.device, dtype=config.dtype, quantisation=method.quantisation, sharded=is_sharded()
    )
    use_packed_attention(base.model, base.dtype)
    with run.alone() if processes.is_main_process else nullcontext():
        if prepared is not None and processes.is_main_process:
            run.begin(commit=git.head(Path(__file__).parent), processes=processes.num_processes)
            write_inputs(run.inputs, prepared, base, config, start)
        processes.wait_for_everyone()
        facts = read_facts(run.inputs)
        console.print(_summary(facts), highlight=False)
        set_seed(config.seed)  # PEFT draws its first values from the global generator
        rows = StoredRows(run.inputs / ROWS, config.rows_per_step)
        began = time.monotonic()
        tuned = method.apply(_target(base, rows, config, start), options)
        use_rounded_gradients(tuned.model)
        begun = told_start(config, started)
        console.print(f"{tuned.num_trainable:,} parameters to train{begun}", highlight=False, markup=False)
        if processes.is_main_process:
            run.know(parameters=tuned.num_trainable, apply_seconds=round(time.monotonic() - began, 3))
        _fit(run, tuned, rows, read_held_out(run.inputs), console)
        gather_trained(tuned.model)
        with new_folder(out) if processes.is_main_process else scratch_folder() as building:
            tuned.save(building)
            copy_trained(run.inputs, building)
            manifest.write(building, _manifest(config, base, options, building, facts))
        leave_processes(processes)
        if processes.is_main_process:
            run.finish()
    return out


def _target(base: BaseModel, rows: StoredRows, config: RunConfig, start: Path | None) -> Target:
    return Target(
        model=base.model,
        rows=() if base.fim.native else base.fim.sentinel_ids,
        known=base.fim.sentinel_ids if base.fim.native else (),
        folder=base.folder,
        batches=rows.batches,
        total_steps=config.max_steps or -(-len(rows) // config.rows_per_step),
        start=start,
    )


def _fit(run: Run, tuned: Tuned, rows: StoredRows, held_out: HeldOut | None, console: Console) -> None:
    stop = StopOnInterrupt()
    callbacks: list[TrainerCallback] = [stop]
    checkpoint = run.last_checkpoint()
    if PartialState().is_main_process:
        callbacks += [Records(run, rows), ProgressBar(rows, console)]
        run.rewind(int(checkpoint.name.split("-")[1]) if checkpoint else 0)
    trainer = RowTrainer(tuned, rows, held_out, run, callbacks)
    trainer.pop_callback(PrinterCallback)
    try:
        with fast_products(are_exact=False):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except Exception as error:
        # torch reports a full disk as a broken stream, so the disk itself is asked.
        if not_writable(error) or shutil.disk_usage(run.folder).free < _LITTLE_SPACE:
            raise NoSpace(
                f"The disk of {run.folder} is full. Free some space and go on with: {run.resume_command}"
            ) from error
        raise
    if stop.was_interrupted:
        raise Interrupted(f"Stopped at step {trainer.state.global_step}; go on with: {run.resume_command}")


def _summary(facts: dict[str, Any]) -> str:
    left_out = ", ".join(f"{count} {reason}" for reason, count in facts["left_out"].items()) or "none"
    return (
        f"{facts['files']} files to train on, {facts['files_held_out']} to measure with (split by {facts['split']}), "
        f"left out: {left_out}\n{facts['rows']} rows of {facts['tokens']:,} tokens in all, "
        f"{facts['fill_share']:.1%} full"
    )


def _version(folder: Path) -> str:
    weights = next(path for path in (folder / WEIGHTS, folder / WHOLE_WEIGHTS) if path.is_file())
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _manifest(
    config: RunConfig, base: BaseModel, options: dict[str, Any], folder: Path, facts: dict[str, Any]
) -> Manifest:
    method = method_by_name(config.method)
    return Manifest(
        name=Path(config.out).name,
        version=_version(folder),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        base_name=base.name,
        base_fingerprint=base.fingerprint,
        tokenizer_fingerprint=base.tokenizer.fingerprint,
        method=config.method,
        options=options,
        quantisation=method.quantisation,
        compute_dtype=str(base.dtype).removeprefix("torch."),
        fim_family=base.fim.family,
        sentinel_ids=base.fim.sentinel_ids,
        end_id=base.fim.end_id,
        form=config.form,
        serve_form=config.form,
        teaches_empty=facts["samples"].get("empty", 0) > 0,
        budgets=config.budgets,
        data=facts,
        seed=config.seed,
        libraries=environment()["libraries"],
        notice=base.terms,
    )
