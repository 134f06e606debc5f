"""What was started from the page, while it happens."""

from pathlib import Path

import streamlit as st

from finetab.errors import FinetabError
from finetab_training.dashboard import charts, started
from finetab_training.dashboard.command import command_line
from finetab_training.dashboard.pages.words import plain, told
from finetab_training.dashboard.reading.curves import read_curves, smoothed
from finetab_training.dashboard.reading.found import adapter_of, read_run
from finetab_training.dashboard.started import Started

_SHOWN = 3
_EVERY_S = 2.0
_SMOOTH = 10  # steps
_ICONS = {"at work": "hourglass_top", "finished": "check_circle", "stopped": "pause_circle", "failed": "error"}


def draw(root: Path) -> None:
    """The latest runs that were started here; drawn anew while one of them is at work."""
    begun = started.read_started(root)[:_SHOWN]
    if not begun:
        return
    st.subheader("Started here")
    is_busy = any(one.is_alive() for one in begun)

    def drawn() -> None:
        for one in begun:
            _draw_one(root, one)
        if is_busy and not any(one.is_alive() for one in begun):
            st.rerun()  # the whole page: it need not look again

    st.fragment(told(drawn), run_every=_EVERY_S if is_busy else None)()


def _draw_one(root: Path, one: Started) -> None:
    run, state = Path(one.run), one.state()
    with st.container(border=True):
        st.markdown(f":material/{_ICONS[state]}: **{plain(adapter_of(run).name)}** {state}")
        _steps(root, run, is_alive=state == "at work")
        if state == "finished":
            st.caption(f"Written to {plain(str(adapter_of(run)))}. Try it on the page Try, or measure it:")
            st.code(_measuring(root, run), language="bash", wrap_lines=True)
        elif state != "at work":
            unsaid = f"It ended without a word of its own; its log is {one.log}"
            (st.info if state == "stopped" else st.error)(plain(one.last_word() or unsaid))
        _buttons(root, one, state)


def _steps(root: Path, run: Path, *, is_alive: bool) -> None:
    try:
        found = read_run(run, root)
    except FinetabError:
        found = None  # it has not begun to write
    curves = read_curves(run)
    if found is None or not (curves.steps and found.num_steps):
        if is_alive:
            st.progress(0.0, "Loading the base and making rows")
        return
    last = curves.steps[-1]
    words = f"Step {last.step} of {found.num_steps}, loss {last.loss:.3f}, {last.tokens_per_second:,.0f} tokens/s"
    st.progress(min(1.0, last.step / found.num_steps), f"{words}, {last.memory_gb:.1f} GB")
    losses = [(step.step, step.loss) for step in curves.steps]
    mean = smoothed([loss for _, loss in losses], _SMOOTH)
    looks = [(look.step, look.loss) for look in curves.looks]
    st.altair_chart(
        charts.curves(
            "loss", {"training": losses},
            {"training": [(step, value) for (step, _), value in zip(losses, mean, strict=True)]},
            {"kept back": looks} if looks else {},
        )
    )  # fmt: skip


def _measuring(root: Path, run: Path) -> str:
    config = read_run(run, root).config
    return command_line(["evaluate", "--data", config.data, "--adapter", config.out])


def _buttons(root: Path, one: Started, state: started.State) -> None:
    asked = f"asked to stop {one.pid}"
    if state == "at work":
        label = "Stop at once" if asked in st.session_state else "Stop"
        if st.button(label, key=f"stop {one.pid}", icon=":material/stop:"):
            st.session_state[asked] = True
            started.stop(one)
            st.rerun(scope="fragment")
        if asked in st.session_state:
            st.caption("It stops after the step in hand, with a checkpoint, so that it can go on.")
    elif state == "stopped" and st.button("Go on", key=f"go on {one.pid}", icon=":material/play_arrow:"):
        started.go_on(root, Path(one.run))
        st.rerun()
