"""What results come to: one table of metrics, each a function of a result, and their means with intervals.

A metric gives None for a result that it does not apply to, which then does not count: how often nothing was said is
asked apart for holes where something was to be written and for those where nothing was. Intervals are 95% bootstrap
intervals over holes, resampled one by one, as if no two of them were of the same file.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from finetab_training.evaluate.metrics import Estimate, estimate, estimate_percentile, paired_difference
from finetab_training.evaluate.runner import Result

Measure: TypeAlias = Callable[[Result], float | None]


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table."""

    label: str
    """For the heads of columns."""
    of: Measure


def _exact(result: Result) -> float | None:
    return float(result.exact) if result.middle else None


def _similarity(result: Result) -> float | None:
    return result.similarity if result.middle else None


def _first_line(result: Result) -> float | None:
    """Whether the first lines that are not blank are the same, blank space around them aside."""
    return float(_line(result.output) == _line(result.middle)) if result.middle else None


def _line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip()


def _parses(result: Result) -> float | None:
    """Of the answers that say something: saying nothing breaks nothing."""
    return float(result.parses) if result.output and result.parses is not None else None


def _passed(result: Result) -> float | None:
    return None if result.passed is None else float(result.passed)


def _saved(result: Result) -> float | None:
    """The share of the middle's characters for which no key was pressed; see `typist`."""
    return None if result.typed is None else 1 - result.typed.keys / result.typed.characters


def _ended(result: Result) -> float | None:
    """Whether the model ended by itself rather than by a stop rule or for want of tokens."""
    return float(result.finish_reason == "end")


def _empty_right(result: Result) -> float | None:
    """Whether nothing was said where nothing was to be written; below, where something was."""
    return None if result.middle else float(not result.output)


def _empty_wrong(result: Result) -> float | None:
    return float(not result.output) if result.middle else None


def _reused(result: Result) -> float | None:
    return result.reused_tokens / result.prompt_tokens if result.prompt_tokens else None


def _typing_reused(result: Result) -> float | None:
    typed = result.typed
    return typed.reused_tokens / typed.prompt_tokens if typed is not None and typed.prompt_tokens else None


METRICS: dict[str, Metric] = {
    "exact_match": Metric("exact", _exact),
    "edit_similarity": Metric("similarity", _similarity),
    "first_line": Metric("line 1", _first_line),
    "parses": Metric("parses", _parses),
    "pass_at_1": Metric("pass@1", _passed),
    "saved": Metric("saved", _saved),
    "end_token": Metric("ended", _ended),
    "empty_answers": Metric("empty", lambda result: float(not result.output)),
    "empty_wrong": Metric("mute", _empty_wrong),
    "empty_right": Metric("quiet", _empty_right),
    "reused_tokens": Metric("re-used", _reused),
    "typing_reused_tokens": Metric("re-used in typing", _typing_reused),
}

_LATENCIES: dict[str, Measure] = {
    "latency_ms": lambda result: result.latency_ms,
    "typing_latency_ms": lambda result: (
        result.typed.latency_ms / result.typed.asked if result.typed is not None and result.typed.asked else None
    ),
}


def scores(results: Sequence[Result]) -> dict[str, Any]:
    """Every metric that applies with its interval, latency, and the same by kind and by language, as plain data."""
    return {
        "n": len(results),
        **_means(results),
        **_latencies(results),
        "by_kind": _parts(results, lambda result: result.kind),
        "by_language": _parts(results, lambda result: result.language),
    }


def _means(results: Sequence[Result]) -> dict[str, Any]:
    found = {name: _applies(results, metric.of) for name, metric in METRICS.items()}
    return {name: estimate(values, files).to_dict() for name, (values, files) in found.items() if values}


def _latencies(results: Sequence[Result]) -> dict[str, Any]:
    """Medians and 95th percentiles; a typing request's is its mean over one hole."""
    made: dict[str, Any] = {}
    for name, of in _LATENCIES.items():
        values, _ = _applies(results, of)
        if values:
            found = {label: estimate_percentile(values, share) for label, share in (("p50", 0.5), ("p95", 0.95))}
            made[name] = {label: one.mean for label, one in found.items()}
            made[name] |= {f"{label}_interval": [one.low, one.high] for label, one in found.items()}
    return made


def _parts(results: Sequence[Result], key: Callable[[Result], str]) -> dict[str, Any]:
    parts: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        parts[key(result)].append(result)
    return {name: {"n": len(part), **_means(part)} for name, part in sorted(parts.items())}


def _applies(results: Sequence[Result], of: Measure) -> tuple[list[float], list[str]]:
    """The values of those holes that have one, and the files that these are of."""
    both = [(value, result.path) for result in results if (value := of(result)) is not None]
    return [value for value, _ in both], [path for _, path in both]


def difference(results: Sequence[Result], others: Sequence[Result], metric: str) -> Estimate:
    """How much higher a metric is in one arm than in another, on the holes where it applies to both (paired)."""
    of = METRICS[metric].of
    pairs = [(of(result), of(other), result.path) for result, other in zip(results, others, strict=True)]
    both = [(value, other, path) for value, other, path in pairs if value is not None and other is not None]
    return paired_difference([each[0] for each in both], [each[1] for each in both], [each[2] for each in both])
