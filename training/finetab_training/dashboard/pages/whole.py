"""All pages by their names."""

from collections.abc import Callable
from functools import partial, update_wrapper
from pathlib import Path

import streamlit as st

from finetab_training.dashboard.pages import compared, gate, runs, start, suggestions, try_it
from finetab_training.dashboard.pages.words import told

_PAGES: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("Start", start.draw),
    ("Runs", runs.draw),
    ("Compare", compared.draw),
    ("Try", try_it.draw),
    ("Gate", gate.draw),
    ("Statistics", suggestions.draw),
)


def draw(root: Path) -> None:
    """The page that the address names, with the way to the others."""
    st.set_page_config(page_title="finetab", layout="wide")
    # Without icons: a page's becomes that of its tab, which Streamlit has fetched from another machine.
    pages = [
        st.Page(
            told(update_wrapper(partial(draw_page, root), draw_page)),
            title=title,
            url_path=title.lower(),
            default=title == "Start",
        )
        for title, draw_page in _PAGES
    ]
    page = st.navigation(pages)
    with st.sidebar:
        st.caption(f"`{root}`")
    page.run()
