"""A training run from its config to an adapter folder: corpus, rows, base, method, trainer, manifest."""

import hashlib
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peft import PeftModel
from rich.console import Console
from transformers import PrinterCallback, set_seed
from transformers.utils import logging as transformers_logging

from finetab.adapters.library import WEIGHTS
from finetab.core import manifest
from finetab.core.atomic import new_folder, not_writable
from finetab.core.manifest import Manifest
from finetab.core.models import BaseModel, load_base
from finetab.errors import Interrupted, NoSpace
from finetab_training.config import RunConfig
from finetab_training.data.trained import trained_on, write_trained
from finetab_training.methods.registry import method_by_name
from finetab_training.runs import Run
from finetab_training.train.prepare import Prepared
from finetab_training.train.rows import RowSet, budgets, make_rows
from finetab_training.train.trainer import ProgressBar, RowTrainer, StopOnInterrupt

_LITTLE_SPACE = 1 << 20  # bytes
_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers", "finetab")


def train(run: Run, prepared: Prepared, console: Console) -> Path:
    """Train an adapter, or go on from the run's last checkpoint, and give its folder.

    Raises `Interrupted` after Ctrl-C, with the command that goes on; the adapter folder then is what it was.
    """
    config, out = run.config, Path(run.config.out)
    method = method_by_name(config.method)
    options = method.options(config.options)
    transformers_logging.set_verbosity_error()
    base = load_base(config.base, device=config.device, dtype=config.dtype, quantisation=method.quantisation)
    rows = make_rows(prepared.training, base, config)
    console.print(_summary(prepared, rows), highlight=False)
    set_seed(config.seed)  # PEFT draws its first values from the global generator
    model = method.apply(base, options)
    console.print(f"{model.get_nb_trainable_parameters()[0]:,} parameters to train", highlight=False)
    run.begin()
    _fit(run, model, rows, console)
    with new_folder(out) as building:
        model.save_pretrained(str(building), save_embedding_layers=False)
        (building / "README.md").unlink(missing_ok=True)
        write_trained(building, trained_on(prepared.training))
        manifest.write(building, _manifest(config, base, options, building, _data(prepared, rows)))
    run.finish()
    return out


def _fit(run: Run, model: PeftModel, rows: RowSet, console: Console) -> None:
    stop = StopOnInterrupt()
    trainer = RowTrainer(model, rows, run, [ProgressBar(run, rows, console), stop])
    trainer.pop_callback(PrinterCallback)
    checkpoint = run.last_checkpoint()
    try:
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


def _summary(prepared: Prepared, rows: RowSet) -> str:
    left_out = ", ".join(f"{count} {reason}" for reason, count in prepared.corpus.left_out.items()) or "none"
    tokens = sum(len(row.ids) for row in rows.rows)
    return (
        f"{len(prepared.training)} files to train on, {len(prepared.held_out)} kept back to measure with, "
        f"left out: {left_out}\n{len(rows.rows)} rows of {tokens:,} tokens in all, {rows.fill_share:.1%} full"
    )


def _data(prepared: Prepared, rows: RowSet) -> dict[str, Any]:
    return {
        "folder": str(prepared.corpus.folder.resolve()),
        "split": "by file",
        "files": len(prepared.training),
        "files_held_out": len(prepared.held_out),
        "left_out": prepared.corpus.left_out,
        "rows": len(rows.rows),
        "tokens": sum(len(row.ids) for row in rows.rows),
        "samples_drawn": rows.num_samples,
        "fill_share": round(rows.fill_share, 4),
    }


def _manifest(
    config: RunConfig, base: BaseModel, options: dict[str, Any], folder: Path, data: dict[str, Any]
) -> Manifest:
    method = method_by_name(config.method)
    return Manifest(
        name=Path(config.out).name,
        version=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:12],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        base_name=base.name,
        base_fingerprint=base.fingerprint,
        tokenizer_fingerprint=base.tokenizer.fingerprint(),
        method=method.name,
        options=options,
        quantisation=method.quantisation,
        compute_dtype=str(base.dtype).removeprefix("torch."),
        fim_family=base.fim.family,
        sentinel_ids=base.fim.sentinel_ids,
        end_id=base.fim.end_id,
        form="psm" if config.form == "psm" else "spm",
        serve_form="psm" if config.form == "psm" else "spm",
        teaches_empty=False,
        budgets=budgets(config),
        data=data,
        seed=config.seed,
        libraries={name: version(name) for name in _LIBRARIES},
        notice=base.terms,
    )
