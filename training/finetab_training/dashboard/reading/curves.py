"""The curves of a run, from its `metrics.jsonl`, while the run is still writing it as well."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of training."""

    step: int
    loss: float
    tokens_per_second: float
    memory_gb: float
    """The most that the run's process had had by then."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the files kept back."""

    step: int
    loss: float
    control: float | None = None
    """The same rows with suffixes of other files; None where the base was not taught to fill in."""

    @property
    def use_of_suffix(self) -> float | None:
        """What a foreign suffix costs more, nats a token: about 0 where the suffix is not looked at."""
        return None if self.control is None else self.control - self.loss


@dataclass(frozen=True, slots=True)
class Curves:
    """All that a run has written so far, in its order."""

    steps: tuple[Step, ...] = ()
    looks: tuple[Look, ...] = ()

    @property
    def last_step(self) -> int:
        """How many steps have been taken."""
        return self.steps[-1].step if self.steps else 0


def read_curves(run: Path) -> Curves:
    """The curves of a run's folder; empty where nothing was written yet."""
    steps: list[Step] = []
    looks: list[Look] = []
    before_s = 0.0
    for record in _records(run / METRICS):
        with suppress(KeyError, TypeError, ValueError):  # what lacks a figure is passed over
            if "held_out_loss" in record:
                looks.append(Look(int(record["step"]), float(record["held_out_loss"]), record.get("held_out_control")))
            elif "loss" in record:
                now_s = float(record["seconds"])
                taken_s = now_s - before_s if now_s > before_s else now_s  # the clock begins anew when a run goes on
                before_s = now_s
                speed = float(record["tokens"]) / max(taken_s, 1e-3)
                steps.append(Step(int(record["step"]), float(record["loss"]), speed, float(record["memory_gb"])))
    return Curves(tuple(steps), tuple(looks))


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of the file; the last one may be half written."""
    if not path.is_file():
        return
    for line in path.read_text("utf-8", "replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def smooth_line(points: Sequence[tuple[float, float]], window: int) -> list[tuple[float, float]]:
    """A line with each value smoothed, at its own step; without those of a run that diverged, which are no numbers."""
    finite = [(step, value) for step, value in points if isfinite(value)]
    means = smoothed([value for _, value in finite], window)
    return [(step, mean) for (step, _), mean in zip(finite, means, strict=True)]


def smoothed(values: Sequence[float], window: int) -> list[float]:
    """The mean of each value and those before it, `window` of them at most."""
    return [
        sum(values[max(0, end - window) : end]) / min(window, end) for end in range(1, len(values) + 1)
    ]  # fmt: skip
