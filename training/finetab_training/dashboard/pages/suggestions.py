"""Statistics: what became of the suggestions in this machine's editors."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from finetab.core.pointer import local_time
from finetab_training.dashboard import charts
from finetab_training.dashboard.charts import Span
from finetab_training.dashboard.pages.words import nothing_yet, plain
from finetab_training.dashboard.reading.suggestions import (
    Rate,
    Suggestions,
    Trial,
    read_suggestions,
    read_trial,
    rows_of,
)

_DAYS = {"all that is kept": None, "the last 7 days": 7, "the last 30 days": 30}


def draw(root: Path) -> None:
    """The page."""
    st.title("Statistics")
    st.caption("Counted by the server on this machine; nothing of it leaves it.")
    days = _DAYS[st.selectbox("Of", list(_DAYS), key="days") or next(iter(_DAYS))]
    found = read_suggestions(rows_of(days), days)
    if found.answers:
        _became(found)
    else:
        nothing_yet("Nothing was suggested in that time. An editor with the extension, or with the server, begins it:",
                    "finetab serve")  # fmt: skip
    _trial(read_trial(root))


def _became(found: Suggestions) -> None:
    st.markdown(f"**{found.shown:,}** suggestions shown, of {found.answers:,} answers")
    if found.shown:
        st.subheader("What became of them")
        st.altair_chart(charts.stack(dict(found.ends), "suggestions"))
        _rates("Accepted, by adapter", found.adapters)
        _rates("Accepted, by language", found.languages)
    left, right = st.columns(2)
    with left:
        st.subheader("Left of what was accepted")
        if found.left:
            points = [(one.seconds, 100 * one.mean) for one in found.left]
            st.altair_chart(charts.decay(points, "seconds later", "% still there"))
        else:
            st.info("Nobody has looked yet: 30 seconds after text was accepted is the first time.")
    with right:
        st.subheader("Latency")
        groups = {one.stage: {"half within": one.p50_ms, "95% within": one.p95_ms} for one in found.latencies}
        st.altair_chart(charts.bars(groups, "milliseconds"))


def _rates(title: str, rates: Sequence[Rate]) -> None:
    if rates:
        st.markdown(f"**{title}**, with 95% intervals")
        st.altair_chart(charts.spans(_spans(rates), "% of those shown"))


def _spans(rates: Sequence[Rate]) -> list[Span]:
    return [Span(rate.name, 100 * rate.rate, 100 * rate.low, 100 * rate.high, rate.n) for rate in rates]


def _trial(trial: Trial | None) -> None:
    st.subheader("Two side by side")
    if trial is None:
        nothing_yet("Nothing is compared at the desk in this folder. To let the base answer half of the lines:",
                    "finetab ab start")  # fmt: skip
        return
    one, other = trial.names
    until = "" if trial.until is None else f" until {local_time(trial.until)}"
    turns = "take turns" if trial.until is None else "took turns"
    st.markdown(plain(f"{one} and {other} {turns}, line by line, since {local_time(trial.since)}{until}."))
    if not trial.sides:
        st.info("Neither has shown anything yet.")
        return
    st.altair_chart(charts.spans(_spans(trial.sides), "% accepted of those shown"))
    if trial.difference:
        mean, low, high = trial.difference
        st.altair_chart(
            charts.spans([Span(f"{one} − {other}", mean, low, high)], "characters kept each", around_zero=True)
        )
