"""The report of a tune as Markdown: what was measured, what the gate said, and examples for the eye."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetab_training.evaluate.gate import MIN_HOLES
from finetab_training.evaluate.runner import Result
from finetab_training.evaluate.tables import with_interval
from finetab_training.tune.arms import CANDIDATE
from finetab_training.tune.plan import Plan

_EXAMPLES = 5


def markdown(plan: Plan, own: Mapping[str, Sequence[Result]], told: Mapping[str, Any]) -> str:
    """The whole report; `told` is what stands in the adapter's manifest."""
    decision = told["decision"]
    verdict = "promoted" if decision["passes"] else "promoted by force" if decision["forced"] else "not promoted"
    num_holes = len(own[CANDIDATE])
    parts = [
        f"# {plan.name}: {verdict}",
        f"{plan.config.method} on {plan.config.base}, {told['created']}. " + _split(told),
        "## The gate",
        "\n".join(f"- {'holds' if rule['holds'] else '**fails**'}: {rule['says']}" for rule in decision["rules"]),
        f"With {num_holes} holes, fewer than {MIN_HOLES}, only large gains can be told from chance."
        if num_holes < MIN_HOLES
        else "",
        f"## New lines of this folder, {num_holes} holes",
        _table(told["own"]),
        "## The general set",
        _table(told["general"]),
        "## Said by heart",
        _by_heart(told["by_heart"]),
        *_examples(own, decision),
        "## Time",
        " · ".join(f"{name} {seconds:.0f} s" for name, seconds in told["seconds"].items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _split(told: Mapping[str, Any]) -> str:
    how = "Measured on lines written after the cut" if told["split"] == "time" else "Measured on whole files kept back"
    return f"{how}; holes dropped because training holds their lines: {told['num_leaked']}."


def _table(arms: Mapping[str, Any]) -> str:
    rows = ["| arm | exact % | similarity % | empty % | p50 ms | p95 ms |", "|---|---|---|---|---|---|"]
    for name, arm in arms.items():
        latency = arm["latency_ms"]
        cells = (with_interval(arm["exact_match"]), with_interval(arm["edit_similarity"]), _mean(arm["empty_answers"]))
        rows.append(f"| {name} | {' | '.join(cells)} | {latency['p50']:.0f} | {latency['p95']:.0f} |")
    return "\n".join(rows)


def _mean(found: Mapping[str, float]) -> str:
    return f"{100 * found['mean']:.0f}"


def _by_heart(heart: Mapping[str, Any]) -> str:
    said = (
        f"Of {heart['num_tried']} beginnings of training text, {heart['num_verbatim']} were continued letter by letter "
        f"for 60 characters or more; {heart['num_secrets']} answers looked like a secret."
    )
    return "\n\n".join([said, *(_code(text) for text in heart["examples"])])


def _examples(own: Mapping[str, Sequence[Result]], decision: Mapping[str, Any]) -> list[str]:
    """The holes where most was gained and most was lost against the first rival."""
    rival = str(decision["rules"][0]["name"]).removeprefix("gain over ")
    pairs = list(zip(own[CANDIDATE], own[rival], strict=True))
    order = sorted(pairs, key=lambda pair: pair[1].similarity - pair[0].similarity)
    best = [pair for pair in order[:_EXAMPLES] if pair[0].similarity > pair[1].similarity]
    worst = [pair for pair in order[::-1][:_EXAMPLES] if pair[0].similarity < pair[1].similarity]
    return [
        f"## Best gains over {rival}", *(_example(*pair, rival) for pair in best),
        f"## Worst losses to {rival}", *(_example(*pair, rival) for pair in worst),
    ]  # fmt: skip


def _example(tuned: Result, other: Result, rival: str) -> str:
    return "\n\n".join(
        (f"`{tuned.path}`, {tuned.kind}. A person wrote:", _code(tuned.middle), "The adapter:", _code(tuned.output),
         f"{rival}:", _code(other.output))
    )  # fmt: skip


def _code(text: str) -> str:
    """A block of code, indented: the text itself may hold fences."""
    return "\n".join(f"    {line}" for line in (text or "(nothing)").splitlines())
