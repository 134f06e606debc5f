"""Runs: how loss, speed and memory went, one run beside another, and what rows they were trained on."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from finetab_training.dashboard import charts
from finetab_training.dashboard.command import command_line, train_arguments
from finetab_training.dashboard.pages.words import COUNTED, DIM, code, nothing_yet, plain, told
from finetab_training.dashboard.reading.curves import Curves, Look, Step, read_curves, smooth_line
from finetab_training.dashboard.reading.found import FoundRun, find_runs
from finetab_training.dashboard.reading.samples import read_row
from finetab_training.runs import Run

_SMOOTH = 20  # steps
_EVERY_S = 5.0
_SHOWN_LINES = 12  # of prefix and of suffix


def draw(root: Path) -> None:
    """The page."""
    st.title("Runs")
    runs_here, faults = find_runs(root)
    for fault in faults:
        st.warning(plain(fault), icon=":material/warning:")
    found = {run.label: run for run in runs_here}
    if not found:
        nothing_yet("No run stands below this folder yet. Start one on the page Start, or with:",
                    "finetab train --data . --out my-adapter")  # fmt: skip
        return
    chosen = st.multiselect("Runs", list(found), default=[next(iter(found))], key="runs")
    runs = [found[label] for label in chosen]
    if not runs:
        st.info("Choose a run, or several to see them in one plot.")
        return
    goes_on = any(run.state != "finished" for run in runs)
    st.fragment(told(lambda: _plots(runs)), run_every=_EVERY_S if goes_on else None)()
    for run in runs:
        _told_of(run)
    _samples(runs[0])


def _plots(runs: list[FoundRun]) -> None:
    curves = {run.label: read_curves(run.folder) for run in runs}
    if not any(one.steps for one in curves.values()):
        st.info("Nothing has been trained yet: a run writes its first figures after its first step.")
        return
    loss, held_out, suffix = st.tabs(["Loss", "Held-out loss", "Use of the suffix"])
    with loss:
        raw = {name: [(step.step, step.loss) for step in one.steps] for name, one in curves.items()}
        st.altair_chart(
            charts.curves("loss", raw, {name: smooth_line(points, _SMOOTH) for name, points in raw.items()})
        )
    with held_out:
        _looks(curves, "loss on files kept back", lambda look: look.loss)
    with suffix:
        st.caption("How much dearer the middles of files kept back become when the suffix is that of another file.")
        _looks(curves, "nats a token", lambda look: look.use_of_suffix)
    speed, memory = st.columns(2)
    with speed:
        speeds = {name: _points(one, lambda step: step.tokens_per_second) for name, one in curves.items()}
        smooth = {name: smooth_line(points, _SMOOTH) for name, points in speeds.items()}
        st.altair_chart(charts.curves("tokens a second", speeds, smooth))
    with memory:
        used = {name: _points(one, lambda step: step.memory_gb) for name, one in curves.items()}
        st.altair_chart(charts.curves("GB at most so far", {}, used))


def _looks(curves: Mapping[str, Curves], y: str, of: Callable[[Look], float | None]) -> None:
    """Of each run that has one, a figure of its looks at files kept back."""
    lines = {
        name: [(look.step, value) for look in one.looks if (value := of(look)) is not None]
        for name, one in curves.items()
    }
    told = {name: line for name, line in lines.items() if line}
    if told:
        st.altair_chart(charts.curves(y, {}, {}, told))
    else:
        st.info("Nothing yet: a look is taken each `save_steps` steps, if files were kept back.")


def _points(curves: Curves, of: Callable[[Step], float]) -> list[tuple[float, float]]:
    return [(step.step, of(step)) for step in curves.steps]


def _told_of(run: FoundRun) -> None:
    """What it was told, how far it came, and how it goes on."""
    step = read_curves(run.folder).last_step
    with st.expander(
        f"{plain(f'{run.label}: {run.config.method}')}, {run.state}, step {step} of {run.num_steps or '?'}"
    ):
        st.code(command_line(train_arguments(run.config)), language="bash", wrap_lines=True)
        if run.state == "can go on":
            st.markdown("If nothing is at work on it, it goes on with:")
            st.code(Run(run.folder, run.config).resume_command, language="bash", wrap_lines=True)


def _samples(run: FoundRun) -> None:
    """A row as it was trained on, sample by sample."""
    st.subheader("What it is trained on")
    st.caption("Samples in one packed row do not see each other. Green is what the loss counts, faint the suffix.")
    index = st.number_input("Row", min_value=1, value=1, step=1, key="row", width=160)
    row = read_row(run, int(index) - 1)
    st.caption(f"of {row.num_rows} rows of {plain(run.label)}; samples in this one: {len(row.samples)}")
    for sample in row.samples:
        prefix = "\n".join(sample.prefix.split("\n")[-_SHOWN_LINES:])
        suffix = "\n".join(sample.suffix.split("\n")[:_SHOWN_LINES])
        code([(prefix, "", ""), (sample.middle, COUNTED, ""), (suffix, DIM, "")])
