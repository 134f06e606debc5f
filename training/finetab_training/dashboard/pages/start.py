"""Start: a run's config as a form, the memory that it needs, the command that it equals, and what was started."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import streamlit as st

from finetab.core import manifest
from finetab.core.bases import KNOWN_BASES
from finetab.core.weights import base_folder
from finetab.errors import BadSetting, FinetabError
from finetab.settings import read_settings
from finetab_training.config import RunConfig, make_config
from finetab_training.dashboard import charts, started
from finetab_training.dashboard.command import command_line, train_arguments
from finetab_training.dashboard.pages import progress
from finetab_training.dashboard.pages.words import plain, told
from finetab_training.dashboard.reading.found import adapter_of
from finetab_training.dashboard.reading.memory import MemoryNeed, free_gb, memory_need
from finetab_training.dashboard.reading.technique import Option, options_of, techniques
from finetab_training.methods.registry import method_by_name
from finetab_training.runs import Run, run_of

_BUDGETS = {
    "max_steps": "Steps at most (0: by epochs)",
    "epochs": "Epochs",
    "rows_per_step": "Rows a step",
    "row_tokens": "Tokens a row",
    "prefix_tokens": "Tokens before the cursor",
    "suffix_tokens": "Tokens after it",
    "context_tokens": "Tokens from other files",
    "max_middle_tokens": "Tokens of a middle at most",
    "save_steps": "Steps between checkpoints",
    "held_out_rows": "Rows kept back",
    "seed": "Seed",
}
_DECIMALS = 12  # beyond them is the noise that a browser's steps add: 0.00015 and 0.00001 make 0.00015999999999999999
_ESTIMATED = "estimated"
_KEPT: Final = "session"  # what was filled in is there again after a look at another page


def draw(root: Path) -> None:
    """The page."""
    st.title("Start a run")
    told(lambda: _form(root))()
    progress.draw(root)


def _form(root: Path) -> None:
    config = _config(root)
    method_by_name(config.method).options(config.options)
    st.subheader("The same in a terminal")
    st.code(command_line(train_arguments(config)), language="bash", wrap_lines=True)
    is_free = _is_free(root, config)
    buttons = st.container(horizontal=True)
    if buttons.button("Start", type="primary", icon=":material/play_arrow:", disabled=not is_free):
        base_folder(config.base)  # what is missing is told here, not after the process has loaded its libraries
        started.start(root, config)
    if buttons.button("Estimate the memory", icon=":material/memory:"):
        st.session_state[_ESTIMATED] = config
    if st.session_state.get(_ESTIMATED) == config:
        _memory(_need(json.dumps(asdict(config))), free_gb(config))


def _is_free(root: Path, config: RunConfig) -> bool:
    """Whether a run can begin, or go on, where its adapter is to be; what stands there is told."""
    try:
        run = run_of(config)
        if started.is_at_work(root, root / run.folder):
            st.info(plain(f"A process is at work in {run.folder}. Name another adapter to start a run beside it."))
            return False
        goes_on = run.goes_on()
    except FinetabError as error:
        st.warning(plain(str(error)))
        return False
    if goes_on:
        st.info(plain(f"{run.folder} is there already: this run goes on from its last checkpoint."))
        return True
    return _may_replace(run)


def _may_replace(run: Run) -> bool:
    """Whether what stands where a run is to begin may go: an adapter is asked for, by its age, so each time anew."""
    made = adapter_of(run.folder) / manifest.FILE_NAME
    if made.is_file():
        st.warning(plain(f"{made.parent} is there already; a start replaces it, and the curves of its run."))
        return st.checkbox("Replace it", key=f"replace {made} of {made.stat().st_mtime_ns}")
    if run.folder.is_dir():
        st.info(plain(f"{run.folder} is there already: it has no checkpoint and begins anew."))
    return True


def _config(root: Path) -> RunConfig:
    left, right = st.columns(2)
    with left:
        bases = dict.fromkeys([read_settings(root)[0].base, "default", *(base.name for base in KNOWN_BASES)])
        base = st.selectbox(
            "Base", list(bases), accept_new_options=True, key="base", persist_state=_KEPT,
            help="A name of `finetab models`, a model folder, a .gguf file or a hub id: type it if it is not listed.",
        )  # fmt: skip
        known = techniques()
        method = st.selectbox(
            "Technique", list(known), index=list(known).index(RunConfig().method), key="method", persist_state=_KEPT,
            format_func=lambda name: f"{name}: {known[name]}",
        )  # fmt: skip
        options = _options(method)
    with right:
        data = st.text_input(
            "Data", ".", key="data", persist_state=_KEPT,
            help="A folder, FOLDER@COMMIT, package:NAME, FILE.whl, hub:ID, or a dataset of `finetab data build`.",
        )  # fmt: skip
        out = st.text_input(
            "Adapter", _free_name(root), key="out", persist_state=_KEPT, help="The folder of the adapter to be."
        )
        rate = st.number_input(
            "Learning rate", value=RunConfig().learning_rate, min_value=0.0, step=1e-5, format="%.2e",
            key="learning_rate", persist_state=_KEPT,
        )  # fmt: skip
    with st.expander("Budgets"), st.container(horizontal=True):
        budgets = {name: _number(label, getattr(RunConfig(), name), name, 210) for name, label in _BUDGETS.items()}
    given = {"base": base or "default", "method": method, "data": data.strip(), "out": out.strip(), "options": options}
    config = make_config(given, budgets, {"learning_rate": round(rate, _DECIMALS)})
    if not (config.data and config.out):
        raise BadSetting("Name the data to train on and the adapter to be.")
    return config


def _number(label: str, default: int, key: str, width: int) -> int:
    return int(st.number_input(label, value=default, step=1, key=key, width=width, persist_state=_KEPT))


def _options(technique: str) -> dict[str, Any]:
    """A field for each option of the technique; those that were changed."""
    with st.spinner("Loading the technique"):
        options = options_of(technique)
    if not options:
        st.caption("This technique has no options.")
    with st.container(horizontal=True):
        values = {option.name: _field(technique, option) for option in options}
    return {option.name: values[option.name] for option in options if values[option.name] != option.default}


def _field(technique: str, option: Option) -> Any:
    key, label = f"{technique}.{option.name}", option.name
    if isinstance(option.default, bool):
        return st.checkbox(label, option.default, key=key, persist_state=_KEPT)
    if isinstance(option.default, int):
        return _number(label, option.default, key, 118)
    if isinstance(option.default, float):
        figure = st.number_input(
            label, value=option.default, step=0.05, format="%.3g", key=key, width=118, persist_state=_KEPT
        )
        return round(figure, _DECIMALS)
    return st.text_input(label, option.default, key=key, width=210, persist_state=_KEPT)


def _free_name(root: Path) -> str:
    """A name that no adapter and no run has yet; asked once a visit, so that a started run keeps its name."""
    if "free_name" not in st.session_state:
        names = ["my-adapter", *(f"my-adapter-{number}" for number in range(2, 1000))]
        taken = {path.name.removesuffix(".run") for path in root.iterdir()}
        st.session_state["free_name"] = next(name for name in names if name not in taken)
    return str(st.session_state["free_name"])


@st.cache_data(show_spinner="Counting what it would need")
def _need(told: str) -> MemoryNeed:
    return memory_need(make_config(json.loads(told)))


def _memory(need: MemoryNeed, free: float) -> None:
    share = need.trainable / need.parameters
    st.markdown(
        f"**{need.total:.2f} GB** of {free:.1f} GB that are free now; "
        f"{need.trainable:,} of {need.parameters:,} parameters to train ({share:.2%})"
    )
    if need.total > free:
        st.warning("This run may not fit. Fewer tokens a row, a smaller base or 4-bit weights (qlora) need less.")
    st.altair_chart(charts.stack(dict(need.parts), "GB", free, "free now"))
