"""What was started from the page, while it happens."""

from functools import partial
from math import isfinite
from pathlib import Path

import streamlit as st

from finetab.errors import FinetabError
from finetab_training.dashboard import charts, started
from finetab_training.dashboard.command import command_line
from finetab_training.dashboard.pages.words import plain, told
from finetab_training.dashboard.reading.curves import read_curves, smooth_line
from finetab_training.dashboard.reading.found import FoundRun, adapter_of, read_run
from finetab_training.dashboard.started import Started

_SHOWN = 3
_EVERY_S = 2.0
_SMOOTH = 10  # steps
_ICONS = {"at work": "hourglass_top", "finished": "check_circle", "stopped": "pause_circle", "failed": "error"}


def draw(root: Path) -> None:
    """The latest runs that were started here; drawn anew while one of them is at work."""
    begun = _latest(root)
    if not begun:
        return
    st.subheader("Started here")
    is_busy = any(one.is_alive() for one in begun)

    def drawn() -> None:
        now = _latest(root)  # what was asked of one on another tab is known here as well
        for one in now:
            with st.container(border=True):
                told(partial(_draw_one, root, one))()  # what is wrong with one stands in its own card
        if is_busy and not any(one.is_alive() for one in now):
            st.rerun()  # the whole page: it need not look again

    st.fragment(told(drawn), run_every=_EVERY_S if is_busy else None)()


def _latest(root: Path) -> list[Started]:
    """All that are at work, so that each can be stopped, and the latest others."""
    begun = started.read_started(root)
    at_work = [one for one in begun if one.is_alive()]
    others = [one for one in begun if one not in at_work]
    return at_work + others[: max(0, _SHOWN - len(at_work))]


def _draw_one(root: Path, one: Started) -> None:
    run = _found(root, one)
    can_go_on = run is not None and run.state == "can go on"
    state = one.state()
    words = ("stopped" if can_go_on or one.is_asked else "failed") if state == "ended" else state
    st.markdown(f":material/{_ICONS[words]}: **{plain(adapter_of(Path(one.run)).name)}** {words}")
    if run is not None:
        _steps(run)
    elif state == "at work":
        st.progress(0.0, "Loading the base and making rows")
    if state == "finished":
        _written(root, one)
    elif state == "ended":
        (st.error if words == "failed" else st.info)(plain(one.last_word() or _unsaid(one, can_go_on)))
        if can_go_on and st.button("Go on", key=f"go on {one.pid}", icon=":material/play_arrow:"):
            started.go_on(root, Path(one.run))
            st.rerun()
    else:
        _stop(one)


def _unsaid(one: Started, can_go_on: bool) -> str:
    """What is said of a run that has ended without a word of its own."""
    if not one.is_asked:
        return f"It ended without a word of its own; its log is {one.log}"
    return "It was stopped at once." if can_go_on else "It was stopped before its first checkpoint: it begins anew."


def _found(root: Path, one: Started) -> FoundRun | None:
    """The run's folder, once there are steps to show."""
    try:
        run = read_run(Path(one.run), root)
    except FinetabError:
        return None
    return run if run.num_steps and read_curves(run.folder).steps else None


def _steps(run: FoundRun) -> None:
    curves = read_curves(run.folder)
    last = curves.steps[-1]
    loss = f"{last.loss:.3f}" if isfinite(last.loss) else "no number"
    words = f"Step {last.step} of {run.num_steps}, loss {loss}, {last.tokens_per_second:,.0f} tokens/s"
    st.progress(min(1.0, last.step / run.num_steps), f"{words}, {last.memory_gb:.1f} GB")
    losses = [(step.step, step.loss) for step in curves.steps]
    looks = [(look.step, look.loss) for look in curves.looks]
    st.altair_chart(
        charts.curves(
            "loss", {"training": losses}, {"training": smooth_line(losses, _SMOOTH)},
            {"kept back": looks} if looks else {},
        )
    )  # fmt: skip


def _written(root: Path, one: Started) -> None:
    adapter = adapter_of(Path(one.run))
    config = read_run(Path(one.run), root).config
    st.caption(f"Written to {plain(str(adapter))}. Try it on the page Try, or measure it:")
    st.code(
        command_line(["evaluate", "--data", config.data, "--adapter", config.out]), language="bash", wrap_lines=True
    )


def _stop(one: Started) -> None:
    # Keys of their own: the second click of a double click finds no button.
    label, key = ("Stop at once", "stop at once") if one.is_asked else ("Stop", "stop")
    if st.button(label, key=f"{key} {one.pid}", icon=":material/stop:"):
        started.stop(one)
        st.rerun()
    if one.is_asked:
        st.caption("It stops after the step in hand, with a checkpoint, so that it can go on.")
