"""A comparison's outcome as plain data: estimates over holes and seeds, costs over seeds, and the fronts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import mean, median
from typing import Any

from finetab_training.compare.config import Comparison, Technique
from finetab_training.compare.measuring import Answers
from finetab_training.compare.pareto import front
from finetab_training.compare.search import Try, is_at_edge
from finetab_training.compare.training import Figures
from finetab_training.evaluate.metrics import estimate_over_seeds
from finetab_training.evaluate.runner import Result
from finetab_training.runs import environment

QUALITY = "edit_similarity"
"""What the fronts are drawn by: it sees smaller differences than exact matches do."""

_METRICS: dict[str, Callable[[Result], float]] = {
    "exact_match": lambda result: float(result.exact),
    QUALITY: lambda result: result.similarity,
}
COSTS = {"peak_memory_gb": "peak memory in training, GB", "seconds": "time of training, s"}
"""What quality is set against."""


@dataclass(slots=True)
class Outcome:
    """What has become of a technique so far."""

    technique: Technique
    tries: tuple[Try, ...] = ()
    """The best one first."""
    figures: dict[int, Figures] = field(default_factory=dict)
    """By seed; so are the answers."""
    answers: dict[int, Answers] = field(default_factory=dict)
    failed: str = ""
    """Why it has no figures; "" where it has."""


def summary(
    comparison: Comparison, facts: Mapping[str, Any], base: Answers, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """The whole report. `outcomes` are in the order of the config; at least one has not failed."""
    standing = [outcome for outcome in outcomes if not outcome.failed]
    first = standing[0]
    rows = {outcome.technique.name: _row(comparison, outcome, base, first) for outcome in standing}
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": environment(),
        "config": comparison.to_dict() | {"out": comparison.out.name},
        "material": dict(facts),
        "base": {
            "holes": _estimates([base]),
            "general": _estimates([base], general=True),
        },
        "first": first.technique.name,
        "techniques": rows,
        "failed": {outcome.technique.name: outcome.failed for outcome in outcomes if outcome.failed},
        "fronts": {cost: _front(rows, cost) for cost in COSTS},
    }


def _front(rows: Mapping[str, Any], cost: str) -> list[str]:
    return list(front({name: (row[cost]["median"], row[QUALITY]["mean"]) for name, row in rows.items()}))


def _row(comparison: Comparison, outcome: Outcome, base: Answers, first: Outcome) -> dict[str, Any]:
    technique, best = outcome.technique, outcome.tries[0]
    figures = [outcome.figures[seed] for seed in comparison.seeds]
    answers = [outcome.answers[seed] for seed in comparison.seeds]
    firsts = [first.answers[seed] for seed in comparison.seeds]
    return {
        "method": technique.method,
        "options": technique.options,
        "learning_rate": technique.learning_rate * best.rate,
        "at_edge": is_at_edge(outcome.tries),
        "tries": [asdict(each) for each in sorted(outcome.tries, key=lambda each: each.rate)],
        **_estimates(answers),
        "against_base": _estimates(answers, [base]),
        "against_first": {} if outcome is first else _estimates(answers, firsts),
        "general_against_base": _estimates(answers, [base], general=True),
        "held_out_loss": _losses(figures),
        "parameters": figures[0].parameters,
        "adapter_mb": _spread([each.adapter_bytes / 1e6 for each in figures]),
        "peak_memory_gb": _spread([each.peak_memory_gb for each in figures]),
        "tokens_per_second": _spread([each.tokens_per_second for each in figures]),
        "seconds": _spread([each.seconds for each in figures]),
        "steps": _spread([each.steps for each in figures]),
        "swap_seconds": _spread([each.swap_seconds for each in answers]),
    }


def _estimates(
    answers: Sequence[Answers], others: Sequence[Answers] = (), *, general: bool = False
) -> dict[str, dict[str, float]]:
    """Each metric over seeds and holes; with others, less theirs on the same holes, of the same seed where they have
    seeds."""
    files = [result.path for result in _results(answers[0], general)]
    return {
        name: estimate_over_seeds(_values(answers, others, of, general), files).to_dict()
        for name, of in _METRICS.items()
    }


def _results(answers: Answers, general: bool) -> Sequence[Result]:
    return answers.general if general else answers.holes


def _values(
    answers: Sequence[Answers], others: Sequence[Answers], of: Callable[[Result], float], general: bool
) -> list[list[float]]:
    """A row for each seed, a column for each hole."""

    def rows(of_all: Sequence[Answers]) -> list[list[float]]:
        return [[of(result) for result in _results(one, general)] for one in of_all]

    found, less = rows(answers), rows(others)
    if not less:
        return found
    less = less if len(less) == len(found) else less * len(found)
    return [[value - other for value, other in zip(*pair, strict=True)] for pair in zip(found, less, strict=True)]


def _losses(figures: Sequence[Figures]) -> dict[str, Any]:
    """The means over seeds; None where one of them was no number."""
    losses = [each.loss for each in figures]
    known = [loss for loss in losses if loss is not None]
    whole = len(known) == len(losses)
    return {
        "mean": mean(known) if whole else None, "by_seed": losses, "before": mean(each.loss_before for each in figures),
    }  # fmt: skip


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Over seeds."""
    return {"median": median(values), "low": min(values), "high": max(values)}
