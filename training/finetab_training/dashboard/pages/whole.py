"""All pages by their names."""

from collections.abc import Callable
from functools import partial, update_wrapper
from pathlib import Path

import streamlit as st

from finetab_training.dashboard.pages import compared, gate, runs, start, suggestions, try_it
from finetab_training.dashboard.pages.words import told

_PAGES: tuple[tuple[str, Callable[[Path], None], str], ...] = (
    ("Start", start.draw, "play_arrow"),
    ("Runs", runs.draw, "show_chart"),
    ("Compare", compared.draw, "balance"),
    ("Try", try_it.draw, "edit"),
    ("Gate", gate.draw, "verified"),
    ("Statistics", suggestions.draw, "bar_chart"),
)


def draw(root: Path) -> None:
    """The page that the address names, with the way to the others."""
    st.set_page_config(page_title="finetab", layout="wide")  # an icon by name would be fetched from elsewhere
    pages = [
        st.Page(told(update_wrapper(partial(draw_page, root), draw_page)), title=title, url_path=title.lower(),
                icon=f":material/{icon}:", default=title == "Start")
        for title, draw_page, icon in _PAGES
    ]  # fmt: skip
    page = st.navigation(pages)
    with st.sidebar:
        st.caption(f"`{root}`")
    page.run()
