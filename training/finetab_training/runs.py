"""A run's folder: its config, its metrics, its checkpoints; enough to go on after a kill.

RUN/config.json        the whole config
RUN/environment.json   machine, Python, library versions, finetab's own commit and how many parameters are trained
RUN/inputs/            the rows it trains on, and what they were made from; written once, whatever changes since
RUN/metrics.jsonl      one line a step: loss, learning rate, tokens, memory; and one for each held-out loss
RUN/events/            the same for TensorBoard
RUN/checkpoints/       the trainer's own, the newest two and the best
RUN/lock               held by the process that is at work on it
"""

import json
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from finetab.core.atomic import new_folder, write_text
from finetab.core.lock import held, is_held
from finetab.errors import BadFile, BadInput
from finetab_training.config import RunConfig, make_config

STATE = "trainer_state.json"  # the last file that the trainer writes of a checkpoint
_CHECKPOINT = re.compile(r"checkpoint-\d+")
_LOCK = "lock"
_PATIENCE_S = 1.0  # who looks whether a run is at work holds its lock for a moment
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers", "finetab")


@dataclass(frozen=True, slots=True)
class Run:
    """A run on disk, once it has begun."""

    folder: Path
    config: RunConfig

    @property
    def inputs(self) -> Path:
        """What the run trains on."""
        return self.folder / "inputs"

    @property
    def checkpoints(self) -> Path:
        """Where the trainer keeps its checkpoints."""
        return self.folder / "checkpoints"

    @property
    def events(self) -> Path:
        """Where TensorBoard finds the run's curves."""
        return self.folder / "events"

    @property
    def resume_command(self) -> str:
        """What to type to go on."""
        return f"finetab train --resume {self.folder}"

    def goes_on(self) -> bool:
        """Whether this very run was begun before and has a checkpoint to go on from.

        Raises `BadFile` where another run has one here: beginning anew would destroy it; `BadInput` where a process is
        at work on it.
        """
        if is_first_process() and is_at_work(self.folder):  # the others may find the first one at work already
            raise _busy(self.folder)
        last = self.last_checkpoint()
        if last is None or not self.inputs.is_dir():
            return False
        if changed := self.changed():
            raise BadFile(
                f"{self.folder} holds a run of another config with a checkpoint of step {_step_at(last)}: "
                f"{', '.join(changed)}. Go on with it: {self.resume_command}; or name another --out; or remove "
                "that folder, which discards the run."
            )
        return True

    def changed(self) -> list[str]:
        """The entries in which the run that stands in this place has another value, in words."""
        # As a config, not as text: an entry that did not exist when it was begun has its default.
        before, now = open_run(self.folder).config.to_dict(), self.config.to_dict()
        # `out` may be the same place in other words.
        names = (name for name in now if name != "out" and before[name] != now[name])
        return [f"{name} was {before[name]!r} and is {now[name]!r}" for name in names]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process at work on the run meanwhile. Raises `BadInput` where one is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with held(self.folder / _LOCK, _busy(self.folder), _PATIENCE_S):
            yield

    def begin(self, **known: Any) -> None:
        """Write the config, and what else is known of the run; an earlier run in this place is replaced."""
        for path in self.folder.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:  # without it another process could take the folder
                path.unlink()
        write_text(self.folder / "config.json", self._config_text())
        write_text(self.folder / "environment.json", json.dumps(environment() | known, indent=2) + "\n")

    def know(self, **known: Any) -> None:
        """Add what is known of the run only once it is under way."""
        path = self.folder / "environment.json"
        before = json.loads(path.read_text("utf-8"))
        write_text(path, json.dumps(before | known, indent=2) + "\n")

    def _config_text(self) -> str:
        return json.dumps(self.config.to_dict(), indent=2) + "\n"

    def last_checkpoint(self) -> Path | None:
        """The newest complete checkpoint, None where there is none."""
        # A copy of one that somebody has made is none of the run's.
        named = (path for path in self.checkpoints.glob("checkpoint-*") if _CHECKPOINT.fullmatch(path.name))
        found = [path for path in named if (path / STATE).is_file()]
        return max(found, key=_step_at, default=None)

    def rewind(self, step: int) -> None:
        """Drop the metrics of steps that a killed run made after its last checkpoint: they are made again."""
        path = self.folder / "metrics.jsonl"
        if path.is_file():
            kept = [line for line in path.read_text("utf-8").splitlines() if _step_of(line) <= step]
            write_text(path, "".join(f"{line}\n" for line in kept))

    def log(self, record: dict[str, Any]) -> None:
        """Add a line to the metrics."""
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def finish(self) -> None:
        """Drop the checkpoints of a run that has ended well."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)


def environment() -> dict[str, Any]:
    """What a run ran on; nothing of whose machine it was, since reports are passed on."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def is_first_process() -> bool:
    """Whether this process writes the run's files: the only one, or the first of those that work on it together."""
    return os.environ.get("RANK", "0") == "0"


def is_at_work(folder: Path) -> bool:
    """Whether a process, wherever it was started, is at work on the run in a folder."""
    return is_held(folder / _LOCK)


def _busy(folder: Path) -> BadInput:
    return BadInput(f"Another process is at work in {folder}; wait until it has ended, or name another --out.")


def _step_at(checkpoint: Path) -> int:
    return int(checkpoint.name.split("-")[1])


def _step_of(line: str) -> float:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # the line that was being written when the run was killed


def run_of(config: RunConfig) -> Run:
    """The run of a config, in a folder beside the adapter-to-be, `OUT.run`. The same config goes on where it was."""
    if not config.out:
        raise BadFile("No folder to write the adapter to; name one with --out.")
    out = Path(config.out)
    if out.name in ("", ".."):
        raise BadFile(f"--out {config.out} does not name a folder of its own; give the adapter's folder a name.")
    folder = out.with_name(out.name + ".run")
    if folder.exists() and not (folder / "config.json").is_file():
        raise BadFile(f"{folder} stands where the run's folder would be made; move it or choose another --out.")
    return Run(folder, config)


def ending_of(run: Run, out: str, steps: int) -> Run:
    """A run to `out` that goes on from another one's last checkpoint and ends `steps` later; the other one stays.

    Raises `BadFile` where there is nothing to go on from, or where the checkpoints of another run stand.
    """
    last = run.last_checkpoint()
    if last is None or not run.inputs.is_dir():
        raise BadFile(f"{run.folder} has no checkpoint to make an adapter from; let it go on until it has one.")
    ending = run_of(replace(run.config, out=out, max_steps=_step_at(last) + steps, decay_steps=steps, patience=0))
    if ending.goes_on():
        return ending
    with new_folder(ending.folder) as building:
        shutil.copytree(run.inputs, building / run.inputs.name)
        copied = Path(shutil.copytree(last, building / run.checkpoints.name / last.name))
        state = json.loads((copied / STATE).read_text("utf-8"))
        # Its best step is looked for among the steps to come: the other run may drop its own at any time.
        state |= dict.fromkeys(("best_metric", "best_global_step", "best_model_checkpoint"))
        (copied / STATE).write_text(json.dumps(state), "utf-8")
        for name in ("environment.json", "metrics.jsonl"):
            shutil.copy(run.folder / name, building)
        (building / "config.json").write_text(ending._config_text(), "utf-8")
    return ending


def open_run(folder: Path) -> Run:
    """A run to go on with. Raises `BadFile` when the folder is none, `BadSetting` for a config of another finetab."""
    path = folder / "config.json"
    if not path.is_file():
        raise BadFile(f"{folder} is no run folder: it has no config.json. A run's folder is named OUT.run.")
    try:
        entries = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadFile(f"{path} cannot be read as a run's config: {error}.") from error
    if not isinstance(entries, dict):
        raise BadFile(f"{path} holds no run's config.")
    return Run(folder, make_config(entries))
