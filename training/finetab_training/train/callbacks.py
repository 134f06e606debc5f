"""What happens beside the steps of a run: its bar, its records, Ctrl-C, and what techniques do between steps."""

import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

import psutil
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from tensorboardX import SummaryWriter
from transformers import TrainerCallback, TrainerControl, TrainerState

from finetab.core.bar import Bar
from finetab_training.methods.base import Tuned
from finetab_training.runs import Run
from finetab_training.train.processes import in_any
from finetab_training.train.rows import StoredRows

_LOOKS = {"eval_loss": "held_out_loss", "eval_control": "held_out_control"}


class AfterStep(TrainerCallback):
    """Lets a technique move its ranks, while the gradients of the step are still there."""

    def __init__(self, tuned: Tuned) -> None:
        self._tuned = tuned

    def on_optimizer_step(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Called after the optimiser's step; `global_step` still counts the steps before it."""
        self._tuned.after_step(state.global_step + 1)


class LookAtTheEnd(TrainerCallback):
    """Takes the last step into the choice of the best one, wherever it falls."""

    def __init__(self, looks: bool) -> None:
        self._looks = looks

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Ask for a look and a checkpoint."""
        if self._looks and state.global_step == state.max_steps:
            control.should_evaluate = control.should_save = True


def peak_memory_gb() -> float:
    """The most memory that this process has had so far, in GB: on the GPU where there is one."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e9
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e9
    import resource  # noqa: PLC0415 - not there on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


class Records(TrainerCallback):
    """Writes each step's figures into the run's folder: a line of metrics, and events for TensorBoard."""

    def __init__(self, run: Run, rows: StoredRows) -> None:
        self._run, self._rows = run, rows

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Steps that a killed run made after its last checkpoint are made again: their events no longer count."""
        self._events = SummaryWriter(str(self._run.events), purge_step=state.global_step + 1)
        self._begun = time.monotonic()

    def on_log(
        self, args: Any, state: TrainerState, control: TrainerControl, logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Keep one step's figures."""
        if not logs or "loss" not in logs:
            return
        step = state.global_step
        figures = {
            "loss": logs["loss"],
            "learning_rate": logs["learning_rate"],
            "tokens": self._rows.tokens_of_step(step),
            "memory_gb": round(peak_memory_gb(), 3),
            "seconds": round(time.monotonic() - self._begun, 3),
        }
        self._run.log({"step": step, **figures})
        for name, value in figures.items():
            self._events.add_scalar(f"train/{name}", value, step)

    def on_evaluate(
        self, args: Any, state: TrainerState, control: TrainerControl, metrics: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Keep the held-out loss, that of each row and that of the control with it."""
        found = metrics or {}
        figures = {_LOOKS[name]: value for name, value in found.items() if name in _LOOKS}
        self._run.log({"step": state.global_step, **figures, "held_out_by_row": found["eval_by_row"]})
        for name, value in figures.items():
            self._events.add_scalar(f"held_out/{name.removeprefix('held_out_')}", value, state.global_step)

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Close the events."""
        self._events.close()


class ProgressBar(TrainerCallback):
    """Steps, loss, tokens a second and time left on the terminal."""

    def __init__(self, rows: StoredRows, console: Console) -> None:
        self._rows = rows
        self._bar = Bar(
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(), console=console,
        )  # fmt: skip
        self._tokens = 0

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Draw the bar, from the step a resumed run starts at."""
        self._task = self._bar.add_task("", total=state.max_steps, completed=state.global_step, figures="")
        self._bar.start()

    def on_log(
        self, args: Any, state: TrainerState, control: TrainerControl, logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Show one step's figures."""
        if not logs or "loss" not in logs:
            return
        step = state.global_step
        self._tokens += self._rows.tokens_of_step(step)
        elapsed = self._bar.tasks[self._task].elapsed or 1e-9
        figures = f"loss {logs['loss']:.3f} · {self._tokens / elapsed:,.0f} tokens/s · {peak_memory_gb():.1f} GB"
        self._bar.update(self._task, completed=step, figures=figures)

    def on_evaluate(
        self, args: Any, state: TrainerState, control: TrainerControl, metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Say the held-out loss."""
        found = metrics or {}
        foreign = f", with foreign suffixes {found['eval_control']:.4f}" if "eval_control" in found else ""
        words = f"step {state.global_step}: held-out loss {found['eval_loss']:.4f}{foreign}"
        self._bar.console.print(words, highlight=False)

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


class StopOnInterrupt(TrainerCallback):
    """Ctrl-C ends the run after the step in hand, with a checkpoint; a second one ends it at once."""

    def __init__(self) -> None:
        self.was_interrupted = False
        self._before: Any = None

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take over the signal, where this thread may."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.was_interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Ask the trainer for a checkpoint and the end."""
        self.was_interrupted = in_any(self.was_interrupted)
        if self.was_interrupted:
            control.should_save = True
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Give the signal back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
