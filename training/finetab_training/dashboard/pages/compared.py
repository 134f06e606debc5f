"""Compare: techniques side by side, from the report of a comparison."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from finetab_training.compare.markdown import counted
from finetab_training.dashboard import charts
from finetab_training.dashboard.charts import Span
from finetab_training.dashboard.pages.words import nothing_yet, plain
from finetab_training.dashboard.reading.comparison import (
    COSTS,
    ComparisonSeen,
    Row,
    Share,
    find_comparisons,
    has_report,
    read_comparison,
)
from finetab_training.evaluate.tables import with_interval


def draw(root: Path) -> None:
    """The page."""
    st.title("Compare")
    found = {str(folder.relative_to(root)): folder for folder in find_comparisons(root)}
    if not found:
        nothing_yet(
            "Nothing was compared below this folder yet. A config names techniques and seeds; all are trained on the "
            "same rows and measured on the same holes:",
            "finetab compare run.toml",
        )
        return
    folder = found[st.selectbox("Comparison", list(found), key="comparison") or next(iter(found))]
    if not has_report(folder):
        nothing_yet("This comparison has not come to its report. It goes on where it is with the same command:",
                    "finetab compare run.toml")  # fmt: skip
        return
    _show(read_comparison(folder))


def _show(seen: ComparisonSeen) -> None:
    st.caption(
        f"{seen.num_holes} holes, {counted(seen.num_seeds, 'seed')}; intervals are 95%, over holes and seeds. "
        f"The base alone: {100 * seen.base.mean:.1f}% similar to what a person wrote."
    )
    for name, why in seen.failed.items():
        st.warning(plain(f"{name} has no figures: {why}"), icon=":material/warning:")
    _pareto(seen)
    st.subheader("Forgetting")
    st.altair_chart(
        charts.spans([_span(row.name, row.forgotten) for row in seen.rows], "points to the base", around_zero=True)
    )
    st.caption("On the general holes, against the base: red has surely lost some of what the base knew.")
    st.subheader("All figures")
    st.dataframe(_table(seen.rows), hide_index=True)


def _pareto(seen: ComparisonSeen) -> None:
    st.subheader("What quality costs")
    cost = st.selectbox("Against", list(COSTS), format_func=COSTS.__getitem__, key="cost") or next(iter(COSTS))
    rows = sorted(seen.rows, key=lambda row: row.costs[cost])
    labels = {row.name: f"{row.name}  {row.costs[cost]:.3g}" for row in rows}
    found = [_span(labels[row.name], row.quality) for row in rows]
    front = [labels[name] for name in seen.fronts[cost]]
    st.altair_chart(charts.pareto(found, front, "similarity, %", 100 * seen.base.mean))
    st.caption(
        f"The cheapest above, by {COSTS[cost]}. Green: better than all that cost less. The line: the base alone."
    )


def _span(name: str, share: Share) -> Span:
    return Span(name, 100 * share.mean, 100 * share.low, 100 * share.high)


def _table(rows: Sequence[Row]) -> list[dict[str, str | float | None]]:
    return [
        {
            "technique": row.name,
            "similarity %": with_interval(asdict(row.quality)),
            "exact %": with_interval(asdict(row.exact)),
            "held-out loss": row.held_out_loss,
            "general, points": with_interval(asdict(row.forgotten)),
            "trained": f"{row.parameters:,}",
            "adapter MB": row.adapter_mb,
            "peak GB": row.costs["peak_memory_gb"],
            "tokens/s": round(row.tokens_per_second),
            "swap s": row.swap_seconds,
            "learning rate": f"{row.learning_rate:.2g}",
        }
        for row in rows
    ]
