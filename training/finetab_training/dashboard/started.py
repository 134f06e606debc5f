"""Runs that were started from the page: processes of their own, which go on when the page is gone.

FOLDER/.finetab/started/NAME.json   which process, and what it was told
FOLDER/.finetab/started/NAME.log    what it has said
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import psutil

from finetab.core.atomic import write_text
from finetab.core.pointer import OWN_FOLDER, make_own_folder
from finetab.errors import BadInput
from finetab_training import runs
from finetab_training.config import RunConfig
from finetab_training.dashboard.command import train_arguments

State: TypeAlias = Literal["at work", "finished", "ended"]
"""`ended`: without an adapter."""

_PLACE = "started"
_TOLD, _WRITTEN = "finetab: ", "adapter:"  # how the command's last lines begin: after a fault, and without one


@dataclass(frozen=True, slots=True)
class Started:
    """One process."""

    run: str
    """The run's folder."""
    arguments: tuple[str, ...]
    """What `finetab` was given."""
    pid: int
    born: float
    """When that was, in seconds since 1970."""
    log: str
    is_asked: bool = False
    """Whether it was asked to stop."""

    def is_alive(self) -> bool:
        """Whether the process is still at work."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            # By what it was told: its number may be another's by now, and when it began is another time once the clock
            # is set.
            is_same = tuple(process.cmdline()[-len(self.arguments) :]) == self.arguments
            return is_same and process.status() != psutil.STATUS_ZOMBIE  # ended, and its parent has not noticed yet
        return False

    def state(self) -> State:
        """What the process is at, by what it has said."""
        if self.is_alive():
            return "at work"
        return "finished" if any(line.startswith(_WRITTEN) for line in self._lines()) else "ended"

    def last_word(self) -> str:
        """The sentence that the process ended with, where it did not end well; "" where it has said none."""
        return next((line.removeprefix(_TOLD) for line in self._lines()[::-1] if line.startswith(_TOLD)), "")

    def _lines(self) -> list[str]:
        with suppress(OSError):
            return Path(self.log).read_text("utf-8", "replace").splitlines()
        return []


def start(root: Path, config: RunConfig) -> Started:
    """Begin a run in a folder. Raises `BadInput` where one is at work on the same adapter, or cannot be written."""
    run = runs.run_of(config)
    return _started(root, root / run.folder, train_arguments(config))


def go_on(root: Path, run: Path) -> Started:
    """Go on with a run that was stopped, from its last checkpoint."""
    return _started(root, run, ["train", "--resume", str(run)])


def _started(root: Path, run: Path, arguments: Sequence[str]) -> Started:
    run = run.resolve()
    if is_at_work(root, run):
        raise BadInput(f"A run is at work in {run} already; stop it first, or choose another adapter.")
    make_own_folder(root)
    log = _log_of(root, run)
    log.parent.mkdir(parents=True, exist_ok=True)
    # -P: a file of the user's that is named like a library is not taken for it.
    command = [sys.executable, "-P", "-m", "finetab", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True).start()  # else it would stay listed when it has ended
    started = Started(str(run), tuple(arguments), process.pid, time.time(), str(log))
    _keep(started)
    return started


def _keep(started: Started) -> None:
    """Write its record, beside its log."""
    write_text(Path(started.log).with_suffix(".json"), json.dumps(asdict(started), indent=2) + "\n")


def is_at_work(root: Path, run: Path) -> bool:
    """Whether a process is at work on a run: one that was started here, which may be loading still, or any other."""
    is_loading = any(Path(other.run).resolve() == run.resolve() and other.is_alive() for other in read_started(root))
    return is_loading or runs.is_at_work(run)


def _log_of(root: Path, run: Path) -> Path:
    """The log of a run's folder; two of the same name are kept apart."""
    return root / OWN_FOLDER / _PLACE / f"{run.name}-{sha256(str(run).encode()).hexdigest()[:8]}.log"


def read_started(root: Path) -> list[Started]:
    """What was started in a folder, the latest first; what cannot be read is passed over."""
    found = []
    for path in (root / OWN_FOLDER / _PLACE).glob("*.json"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            told = json.loads(path.read_text("utf-8"))
            found.append(Started(**told | {"arguments": tuple(told["arguments"])}))
    return sorted(found, key=lambda started: -started.born)


def stop(started: Started) -> None:
    """What Ctrl-C does: the run ends after the step in hand, with a checkpoint; a second time, at once.

    That it was asked is kept, for all who look at it.
    """
    if started.is_alive():
        _keep(replace(started, is_asked=True))
        with suppress(psutil.Error):
            psutil.Process(started.pid).send_signal(signal.SIGINT)
