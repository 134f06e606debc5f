"""Start: a run's config as a form, the memory that it needs, the command that it equals, and what was started."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from finetab.core.bases import KNOWN_BASES
from finetab.core.weights import base_folder
from finetab.errors import BadSetting
from finetab_training.config import RunConfig, make_config
from finetab_training.dashboard import charts, started
from finetab_training.dashboard.command import command_line, train_arguments
from finetab_training.dashboard.pages import progress
from finetab_training.dashboard.reading.memory import MemoryNeed, memory_need
from finetab_training.dashboard.reading.technique import Option, options_of, techniques
from finetab_training.methods.registry import method_by_name

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
_ESTIMATED = "estimated"


def draw(root: Path) -> None:
    """The page."""
    st.title("Start a run")
    config = _config(root)
    st.subheader("The same in a terminal")
    st.code(command_line(train_arguments(config)), language="bash", wrap_lines=True)
    method_by_name(config.method).options(config.options)
    buttons = st.container(horizontal=True)
    if buttons.button("Start", type="primary", icon=":material/play_arrow:"):
        base_folder(config.base)  # what is missing is told here, not after the process has loaded its libraries
        started.start(root, config)
    if buttons.button("Estimate the memory", icon=":material/memory:"):
        st.session_state[_ESTIMATED] = config
    if st.session_state.get(_ESTIMATED) == config:
        _memory(_need(json.dumps(asdict(config))))
    progress.draw(root)


def _config(root: Path) -> RunConfig:
    left, right = st.columns(2)
    with left:
        base = st.selectbox(
            "Base", ["default", *(base.name for base in KNOWN_BASES)], accept_new_options=True, key="base",
            help="A name of `finetab models`, a model folder, a .gguf file or a hub id: type it if it is not listed.",
        )  # fmt: skip
        known = techniques()
        method = st.selectbox(
            "Technique", list(known), index=list(known).index(RunConfig().method), key="method",
            format_func=lambda name: f"{name}: {known[name]}",
        )  # fmt: skip
        options = _options(method)
    with right:
        data = st.text_input(
            "Data", ".", key="data",
            help="A folder, FOLDER@COMMIT, package:NAME, FILE.whl, hub:ID, or a dataset of `finetab data build`.",
        )  # fmt: skip
        out = st.text_input("Adapter", _free_name(root), key="out", help="The folder of the adapter to be.")
        rate = st.number_input("Learning rate", value=RunConfig().learning_rate, format="%.1e", key="learning_rate")
    with st.expander("Budgets"), st.container(horizontal=True):
        budgets = {
            name: int(st.number_input(label, value=getattr(RunConfig(), name), step=1, key=name, width=210))
            for name, label in _BUDGETS.items()
        }
    given = {"base": base or "default", "method": method, "data": data.strip(), "out": out.strip(), "options": options}
    config = make_config(given, budgets, {"learning_rate": rate})
    if not (config.data and config.out):
        raise BadSetting("Name the data to train on and the adapter to be.")
    return config


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
        return st.checkbox(label, option.default, key=key)
    if isinstance(option.default, int):
        return int(st.number_input(label, value=option.default, step=1, key=key, width=120))
    if isinstance(option.default, float):
        return float(st.number_input(label, value=option.default, step=0.05, format="%.3g", key=key, width=120))
    return st.text_input(label, option.default, key=key, width=210)


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


def _memory(need: MemoryNeed) -> None:
    share = need.trainable / need.parameters
    st.markdown(
        f"**{need.total:.2f} GB** of {need.free:.1f} GB that are free now; "
        f"{need.trainable:,} of {need.parameters:,} parameters to train ({share:.2%})"
    )
    if need.total > need.free:
        st.warning("This run may not fit. Fewer tokens a row, a smaller base or 4-bit weights (qlora) need less.")
    st.altair_chart(charts.stack(dict(need.parts), "GB", need.free, "free now"))
