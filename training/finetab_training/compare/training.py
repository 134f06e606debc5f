"""One training of a comparison: an ordinary run in a process of its own, and the figures that are left of it.

FOLDER/adapter        what it made
FOLDER/adapter.run    its run
FOLDER/figures.json   what it took and came to, with its config; written last, so a training that has them is done
"""

import json
import math
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from finetab.core import manifest
from finetab.core.atomic import write_text
from finetab.core.console import open_console
from finetab.errors import BadFile
from finetab_training.compare.alone import run_alone
from finetab_training.config import RunConfig, make_config
from finetab_training.runs import Run, run_of

_FIGURES = "figures.json"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a training took and came to."""

    loss: float | None
    """Per token of middles in the validation rows, at the step that was kept; None where it was no number."""
    loss_before: float
    """The same before the first step."""
    parameters: int
    """How many were trained."""
    adapter_bytes: int
    peak_memory_gb: float
    """Of the training's process; on the GPU where there is one."""
    tokens_per_second: float
    """The median over steps."""
    seconds: float
    """What putting the technique on the base took, and all steps at that speed: no looks, no pauses."""
    steps: int


def trained(config: RunConfig) -> Figures:
    """The figures of a training, which is done, or gone on with, if it is not done yet.

    What stands in its folder from another config is removed first. Raises `FinetabError` where it fails.
    """
    folder = Path(config.out).parent
    if kept := _kept(folder, config):
        return kept
    if (folder / _FIGURES).exists():
        shutil.rmtree(folder)
    run, adapter = run_of(config), Path(config.out)
    if run.folder.exists() and run.changed():
        shutil.rmtree(run.folder)
        shutil.rmtree(adapter, ignore_errors=True)
    if not (run.folder.exists() and (adapter / manifest.FILE_NAME).is_file()):
        run_alone(_train, config)
    figures = figures_of(run, adapter)
    write_text(folder / _FIGURES, json.dumps({"config": config.to_dict(), **asdict(figures)}, indent=2) + "\n")
    return figures


def _train(config: RunConfig) -> None:
    # Slow to import, and in a process of their own.
    from finetab_training.train.prepare import prepare  # noqa: PLC0415
    from finetab_training.train.run import train  # noqa: PLC0415

    run = run_of(config)
    train(run, prepare(run), open_console(quiet=not sys.stdout.isatty()))


def _kept(folder: Path, config: RunConfig) -> Figures | None:
    path = folder / _FIGURES
    if not path.is_file():
        return None
    raw = json.loads(path.read_text("utf-8"))
    done = make_config(raw.pop("config"))
    return Figures(**raw) if replace(done, data=config.data, out=config.out) == config else None


def figures_of(run: Run, adapter: Path) -> Figures:
    """What a finished run's folder says. Raises `BadFile` where nothing was looked at between its steps."""
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if "loss" in line]
    looks = [line for line in lines if "held_out_loss" in line]
    if not looks:
        raise BadFile(f"No row can be cut from the validation files of {run.config.data}: they are too short.")
    losses = [line["held_out_loss"] for line in looks if line["step"] and math.isfinite(line["held_out_loss"])]
    known = json.loads((run.folder / "environment.json").read_text("utf-8"))
    tokens = sum(line["tokens"] for line in steps)
    speed = _speed(lines) or tokens / steps[-1]["seconds"]
    return Figures(
        loss=min(losses, default=None),
        loss_before=looks[0]["held_out_loss"],
        parameters=known["parameters"],
        adapter_bytes=sum(path.stat().st_size for path in adapter.glob("*.safetensors")),
        peak_memory_gb=max(line["memory_gb"] for line in steps),
        tokens_per_second=speed,
        seconds=known["apply_seconds"] + tokens / speed,
        steps=len(steps),
    )


def _speed(lines: list[dict[str, Any]]) -> float | None:
    """Tokens a second in the median of those steps that follow right upon another one, with no look between them."""
    pairs = [(one, other) for one, other in pairwise(lines) if "loss" in one and "loss" in other]
    speeds = [
        other["tokens"] / (other["seconds"] - one["seconds"])
        for one, other in pairs
        if other["seconds"] > one["seconds"]  # a run that goes on begins to count anew
    ]
    return median(speeds) if speeds else None
