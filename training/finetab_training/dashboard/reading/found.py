"""The runs below a folder: what each is told to do, how far it came, and whether it has ended."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from finetab.core import manifest
from finetab.core.pointer import OWN_FOLDER
from finetab.errors import BadFile, FinetabError
from finetab_training.config import RunConfig
from finetab_training.dashboard.reading.curves import METRICS, read_curves
from finetab_training.runs import Run, open_run

SUFFIX = ".run"
_CONFIG = "config.json"
State: TypeAlias = Literal["finished", "can go on", "begun"]
"""`can go on`: it has a checkpoint; `begun`: neither that nor an adapter. A process may be at work on both."""

_DEPTH = 5  # folders below the one that is looked through
_NOT_LOOKED_INTO = ("node_modules", "__pycache__", "venv")


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run's folder and what it says."""

    folder: Path
    label: str
    """The adapter-to-be, relative to the folder that was looked through."""
    config: RunConfig
    num_steps: int
    """How many it will take; 0 while its rows are not made."""
    state: State
    changed: float
    """When it last wrote something, in seconds since 1970."""

    @property
    def adapter(self) -> Path:
        """The folder of its adapter, once it is written."""
        return adapter_of(self.folder)


def adapter_of(run: Path) -> Path:
    """Where a run's adapter stands: beside it."""
    return run.with_name(run.name.removesuffix(SUFFIX))


def find_runs(root: Path) -> tuple[list[FoundRun], list[str]]:
    """The runs below a folder, the one that wrote last first, and of each that cannot be read a sentence."""
    found, faults = [], []
    for folder in _run_folders(root, _DEPTH):
        try:
            found.append(read_run(folder, root))
        except (FinetabError, OSError) as error:
            faults.append(str(error))
    return sorted(found, key=lambda run: -run.changed), faults


def read_run(folder: Path, root: Path) -> FoundRun:
    """One run. Raises `BadFile` for a folder that is none, and for a damaged one."""
    run = open_run(folder)
    adapter = adapter_of(folder)
    written = folder / METRICS if (folder / METRICS).is_file() else folder / _CONFIG
    num_steps = _num_steps(run)
    return FoundRun(
        folder,
        str(adapter.relative_to(root)) if adapter.is_relative_to(root) else str(adapter),
        run.config,
        num_steps,
        _state(run, adapter, num_steps),
        written.stat().st_mtime,
    )


def _run_folders(folder: Path, depth: int) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir(follow_symlinks=False) or entry.name in _NOT_LOOKED_INTO:
                continue
            if entry.name.endswith(SUFFIX) and Path(entry.path, _CONFIG).is_file():
                yield Path(entry.path)
            elif depth and (not entry.name.startswith(".") or entry.name == OWN_FOLDER):
                yield from _run_folders(Path(entry.path), depth - 1)


def _state(run: Run, adapter: Path, num_steps: int) -> State:
    if run.last_checkpoint() is not None:
        return "can go on"
    made = adapter / manifest.FILE_NAME
    if not made.is_file():
        return "begun"
    # A run that has begun anew has the adapter of the one before it. Copies and clones keep no times, but all steps.
    is_its_own = made.stat().st_mtime >= (run.folder / _CONFIG).stat().st_mtime
    return "finished" if is_its_own or read_curves(run.folder).last_step == num_steps > 0 else "begun"


def _num_steps(run: Run) -> int:
    """By its rows: a step that they would fill in part is left out."""
    facts = run.inputs / "facts.json"
    if not facts.is_file():
        return run.config.max_steps
    try:
        rows = int(json.loads(facts.read_text("utf-8"))["rows"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{facts} cannot be read as what a run knows of its rows ({error!r}).") from error
    steps = max(1, rows // run.config.rows_per_step)
    return min(steps, run.config.max_steps) if run.config.max_steps else steps
