"""Try: code with a cursor in it, completed by the base and by an adapter beside each other."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import streamlit as st

from finetab.assemble import Loader
from finetab.completion.completer import Completer
from finetab.core import manifest
from finetab.core.languages import LANGUAGES, language_of
from finetab.core.pointer import BARE
from finetab.core.progress import silent
from finetab.documents import open_document, read_text
from finetab.errors import BadInput, FinetabError
from finetab.settings import OWN, Settings, read_settings
from finetab_training.dashboard import cursor
from finetab_training.dashboard.cursor import MARK
from finetab_training.dashboard.pages.words import code, nothing_yet, plain
from finetab_training.dashboard.reading.adapters import KnownAdapter, find_adapters
from finetab_training.dashboard.trying import Tried, try_out
from finetab_training.data import git

_EXAMPLE = f"def mean(values):\n    return sum(values) / {MARK}\n"
_FIELD = "<style>.stTextArea textarea {font-family: 'Source Code Pro', monospace; white-space: pre;}</style>"
_CODE, _TRIED, _FAULT = "code", "tried", "fault"
_KEPT: Final = "session"  # what was filled in is there again after a look at another page
_MOST_FILES = 2_000
_KEPT_S = 3_600.0  # that a model is kept in memory


def draw(root: Path) -> None:
    """The page."""
    st.title("Try")
    st.session_state.setdefault(_CODE, _EXAMPLE)
    adapter = _adapter(root)
    language = _source(root)
    where = f"{MARK} is the cursor: write it where the answer is to stand."
    st.html(_FIELD)
    st.text_area("Code", key=_CODE, height=260, persist_state=_KEPT, help=where)
    _move()
    if fault := st.session_state.pop(_FAULT, ""):
        st.error(plain(fault))
    if st.button("Complete", type="primary", icon=":material/keyboard_tab:"):
        st.session_state[_TRIED] = (st.session_state[_CODE], _answers(root, adapter, language))
    asked, answers = st.session_state.get(_TRIED, ("", {}))
    if answers and asked == st.session_state[_CODE]:
        _show(asked, answers)
    elif not answers:
        st.caption("Each token's background says how sure the model was of it.")


def _adapter(root: Path) -> KnownAdapter | None:
    found = {f"{adapter.label} on {adapter.base}": adapter for adapter in find_adapters(root)}
    if not found:
        nothing_yet("There is no adapter yet, so the base answers alone. To train one:",
                    "finetab train --data . --out my-adapter")  # fmt: skip
        return None
    return found.get(st.selectbox("Adapter", list(found), key="adapter", persist_state=_KEPT) or "")


def _source(root: Path) -> str:
    """The language of the code, and files to take it from."""
    file_column, language_column = st.columns([2, 1])
    names = [name for name in git.listed_files(root) or [] if language_of(name)][:_MOST_FILES]
    file_column.selectbox(
        "Take a file", names, index=None, key="file", on_change=_take, args=(root,),
        placeholder="or paste code below" if names else "no repository here: paste code below",
    )  # fmt: skip
    languages = [language.name for language in LANGUAGES]
    st.session_state.setdefault("language", "python")
    return language_column.selectbox("Language", languages, key="language", persist_state=_KEPT) or "python"


def _take(root: Path) -> None:
    """Put the chosen file's text into the field, the cursor at its end."""
    name = st.session_state["file"]
    if name is None:
        return
    try:
        text = read_text(root / name)
    except FinetabError as error:
        st.session_state[_FAULT] = str(error)
        return
    if MARK in text:
        st.session_state[_FAULT] = f"{name} holds {MARK} itself, so no cursor can be put into it."
        return
    language = language_of(name)
    st.session_state["language"] = language.name if language else "python"
    st.session_state[_CODE] = cursor.put(text, len(text))


def _move() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Line", min_value=1, value=1, step=1, key="line", width=110)
        st.number_input("Column", min_value=1, value=1, step=1, key="column", width=110)
        st.button("Put the cursor there", on_click=_put)


def _put() -> None:
    try:
        marked = cursor.moved(st.session_state[_CODE], st.session_state["line"], st.session_state["column"])
        st.session_state[_CODE] = marked
    except FinetabError as error:
        st.session_state[_FAULT] = str(error)


def _answers(root: Path, adapter: KnownAdapter | None, language: str) -> dict[str, Tried]:
    text, offset = cursor.split(st.session_state[_CODE])
    document = open_document("code", text, language_id=language)
    settings, faults = read_settings(root)
    if faults:
        raise BadInput(" ".join(faults))
    settings = replace(settings, base=adapter.base if adapter else settings.base, adapter=BARE, engine=OWN)
    completers = {"Base": _completer(settings, 0)}
    if adapter:
        written = (adapter.folder / manifest.FILE_NAME).stat().st_mtime_ns
        completers["Adapter"] = _completer(replace(settings, adapter=str(adapter.folder)), written)
    return {side: try_out(completer, document, offset) for side, completer in completers.items()}


@st.cache_resource
def _loader() -> Loader:
    """One, so that base and adapter share the base's weights."""
    return Loader()


@st.cache_resource(max_entries=3, ttl=_KEPT_S, show_spinner="Loading the model", on_release=Completer.close)
def _completer(settings: Settings, written: int) -> Completer:
    """Kept between visits; `written` is when an adapter's manifest was, since another one is another adapter."""
    return _loader()(settings, silent)


def _show(asked: str, answers: dict[str, Tried]) -> None:
    for column, (side, tried) in zip(st.columns(len(answers)), answers.items(), strict=True):
        with column, st.container(border=True):
            _show_one(side, asked, tried)
    st.caption("Each token's background says how sure the model was of it: green is sure, red is a guess.")


def _show_one(side: str, asked: str, tried: Tried) -> None:
    answer = tried.answer
    st.markdown(f"**{side}** · {plain(answer.adapter)} · {answer.form} · {answer.latency_ms:.0f} ms")
    if not answer.text:
        st.info(plain(f"No answer: {answer.why}{f' ({answer.finish_reason})' if answer.finish_reason else ''}."))
        return
    code((piece.text, _surety(piece.probability), f"{100 * piece.probability:.0f}%") for piece in tried.pieces)
    st.button("Accept", key=f"accept {side}", on_click=_accept, args=(asked, answer.text), icon=":material/check:")


def _surety(probability: float) -> str:
    """A background from red over yellow to green, that text of either theme can be read on."""
    return f"background:hsl({round(120 * probability)} 70% 45% / 0.4)"


def _accept(asked: str, text: str) -> None:
    """Write an answer to where it was asked for, unless the code was edited with the very click."""
    if st.session_state[_CODE] == asked:
        st.session_state[_CODE] = cursor.accepted(asked, text)
    else:
        st.session_state[_FAULT] = "The code has changed since it was completed, so the answer does not fit; ask again."
