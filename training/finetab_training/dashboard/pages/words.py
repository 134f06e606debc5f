"""What all pages say in one way: errors as sentences, places that are still empty, code in colours."""

import logging
import re
from collections.abc import Callable, Iterable
from functools import wraps
from html import escape

import streamlit as st

from finetab.errors import FinetabError

_LOG = logging.getLogger(__name__)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!$<>~|:-])")
_CODE = (
    "font-family:'Source Code Pro',monospace;font-size:0.85rem;line-height:1.5;white-space:pre-wrap;"
    "overflow-wrap:anywhere;margin:0;padding:0.75rem;border:1px solid rgba(128,128,128,.3);border-radius:0.5rem"
)
COUNTED = "background:rgba(46,158,91,.35)"
"""How a middle is marked."""
DIM = "opacity:.55"


def told(draw: Callable[[], None]) -> Callable[[], None]:
    """A page, or a part of one, that says what went wrong in a sentence and shows no traceback."""

    @wraps(draw)
    def drawn() -> None:
        try:
            draw()
        except FinetabError as error:
            st.error(plain(str(error)), icon=":material/error:")
        except Exception:  # noqa: BLE001 - the edge: logged, and told once
            _LOG.exception("a page could not be drawn")
            st.error("This could not be shown; the terminal in which `finetab dashboard` runs says why.")

    return drawn


def plain(text: str) -> str:
    """Text that Streamlit shows as it is: its widgets read Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def nothing_yet(words: str, command: str) -> None:
    """An empty place, and what fills it."""
    st.info(words, icon=":material/info:")
    st.code(command, language="bash", wrap_lines=True)


def code(parts: Iterable[tuple[str, str, str]]) -> None:
    """Text in parts, each with its CSS and with what is said when the mouse rests on it; either may be empty."""
    spans = (
        f'<span style="{escape(style)}" title="{escape(title)}">{escape(text)}</span>' for text, style, title in parts
    )
    st.html(f'<pre style="{_CODE}">{"".join(spans)}</pre>')
