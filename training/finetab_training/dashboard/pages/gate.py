"""Gate: what a tune measured, hole by hole before and after, and what was decided by which rules."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from finetab_training.dashboard import charts
from finetab_training.dashboard.charts import BETTER, UNSURE, WORSE, Span
from finetab_training.dashboard.pages.words import COUNTED, DIM, code, nothing_yet, plain
from finetab_training.dashboard.reading.gate import Pair, TuneSeen, find_tunes, gains_by_kind, read_tune
from finetab_training.evaluate.gate import MIN_HOLES, Decision

_COLOURS = {"better": BETTER, "worse": WORSE, "the same": UNSURE}
_A_PAGE = 5  # holes
_AROUND = 3  # lines
_ALL = "all"
_RATIO = "no slower"  # the rule whose figures are no points


def draw(root: Path) -> None:
    """The page."""
    st.title("Gate")
    names = find_tunes(root)
    if not names:
        nothing_yet(
            "Nothing was tuned in this folder yet. A tune trains on the past of a repository, measures on what was "
            "written later, and promotes only a gain that is certain:",
            "finetab tune .",
        )
        return
    tune = read_tune(root, st.selectbox("Tune", names, key="tune") or names[0])
    _decision(tune)
    if not (tune.rivals and tune.pairs(tune.rivals[0])):
        st.info("No hole was answered by both sides yet; the same command goes on where it was stopped: `finetab tune`")
        return
    rival = st.selectbox("Before", tune.rivals, key="rival", help="The arm that the adapter is held against.")
    pairs = tune.pairs(rival or tune.rivals[0])
    if len(pairs) < MIN_HOLES:
        st.caption(f"{len(pairs)} holes: with fewer than {MIN_HOLES}, only large gains can be told from chance.")
    _overview(pairs)
    _holes(pairs)


def _decision(tune: TuneSeen) -> None:
    if tune.decision is None:
        st.info("No decision stands in the adapter's manifest: the tune has not come to its gate, or the adapter was "
                "measured anew since. `finetab tune` goes on with it.")  # fmt: skip
        return
    decision = tune.decision
    if decision.passes:
        st.success("The gate lets it pass: every rule holds.", icon=":material/check_circle:")
    elif decision.is_forced:
        st.warning("Promoted by force, against the gate.", icon=":material/warning:")
    else:
        failed = ", ".join(rule.name for rule in decision.rules if not rule.holds)
        st.error(f"The gate does not let it pass: {plain(failed)}.", icon=":material/block:")
    _rules(decision)


def _rules(decision: Decision) -> None:
    lines = (f"- {':green[holds]' if rule.holds else ':red[fails]'} {plain(rule.says)}" for rule in decision.rules)
    st.markdown("\n".join(lines))
    shown = [
        Span(rule.name, 100 * found["mean"], 100 * found["low"], 100 * found["high"], int(found["n"]))
        for rule in decision.rules
        if (found := rule.difference) and rule.name != _RATIO
    ]
    if shown:
        st.altair_chart(charts.spans(shown, "similarity, in points", around_zero=True))


def _overview(pairs: Sequence[Pair]) -> None:
    kinds, holes = st.columns(2)
    with kinds:
        st.markdown("**Gain by kind of hole**, with 95% intervals")
        shown = [
            Span(name, 100 * gain.mean, 100 * gain.low, 100 * gain.high, gain.n)
            for name, gain in gains_by_kind(pairs).items()
            if gain.n
        ]
        st.altair_chart(charts.spans(shown, "similarity, in points", around_zero=True))
    with holes:
        st.markdown("**Each hole**, similarity to what a person wrote")
        points: dict[str, list[tuple[float, float]]] = {}
        for pair in pairs:
            points.setdefault(pair.change, []).append((pair.before.similarity, pair.after.similarity))
        st.altair_chart(charts.scatter(points, "before", "after", _COLOURS))


def _holes(pairs: Sequence[Pair]) -> None:
    st.subheader("Holes")
    kind_column, change_column = st.columns(2)
    kinds = [_ALL, *sorted({pair.hole.kind for pair in pairs})]
    kind = kind_column.selectbox("Kind", kinds, key="kind")
    change = change_column.selectbox("Change", [_ALL, *_COLOURS], key="change")
    chosen = [pair for pair in pairs if kind in (_ALL, pair.hole.kind) and change in (_ALL, pair.change)]
    chosen.sort(key=lambda pair: pair.before.similarity - pair.after.similarity)
    st.caption(f"{len(chosen)} of {len(pairs)} holes, the greatest gain first")
    if not chosen:
        st.info("No hole is of this kind and change.")
        return
    num_pages = -(-len(chosen) // _A_PAGE)
    page = 1
    if num_pages > 1:
        page = st.number_input(f"Page, of {num_pages}", 1, num_pages, key=f"{kind} {change} {num_pages}", width=160)
    for pair in chosen[(page - 1) * _A_PAGE : page * _A_PAGE]:
        _hole(pair)


def _hole(pair: Pair) -> None:
    with st.container(border=True):
        colour = {"better": "green", "worse": "red", "the same": "gray"}[pair.change]
        figures = f"{100 * pair.before.similarity:.0f}% → {100 * pair.after.similarity:.0f}%"
        st.markdown(f":{colour}-badge[{pair.change}] {plain(pair.hole.path)}, {plain(pair.hole.kind)}, {figures}")
        before = "\n".join(pair.hole.prefix.split("\n")[-_AROUND:])
        after = "\n".join(pair.hole.suffix.split("\n")[:_AROUND])
        st.caption("A person wrote")
        code([(before, DIM, ""), (pair.hole.middle, COUNTED, ""), (after, DIM, "")])
        sides = st.columns(2)
        for side, title, result in zip(sides, ("Before", "After"), (pair.before, pair.after), strict=True):
            with side:
                st.caption(f"{title}, {'exactly that' if result.exact else f'{result.latency_ms:.0f} ms'}")
                code([(result.output or f"(nothing: {result.why})", "" if result.output else DIM, "")])
