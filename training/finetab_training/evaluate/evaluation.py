"""An evaluation: the arms, answered one after the other on the same holes, and the report they make.

base-prefix       the base, prefix only: what an untuned base can do
base-fim          the base, asked in a form that nothing has taught it, unless it knows FIM itself
adapter-fim       the adapter as trained
adapter-shuffled  the same with other holes' suffixes: the control that shows whether the suffix is used
adapter-prefix    the adapter, prefix only
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from finetab.adapters.library import read_adapter
from finetab.assemble import load_completer
from finetab.completion.completer import Completer
from finetab.core import manifest
from finetab.core.fim import Form
from finetab.core.progress import silent
from finetab.settings import Settings
from finetab_training.evaluate.holes import Hole
from finetab_training.evaluate.metrics import paired_difference
from finetab_training.evaluate.runner import Result, answer_holes, in_form, outputs, scores

Advance: TypeAlias = Callable[[str], None]
"""Called with the arm's name after each answered hole."""

BASE_ARMS = ("base-prefix", "base-fim")
ADAPTER_ARMS = ("adapter-fim", "adapter-shuffled", "adapter-prefix")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of every arm, by its name, and which of them is served."""

    results: dict[str, list[Result]]
    served: str
    settings: Settings
    adapter: str


def evaluate(settings: Settings, holes: Sequence[Hole], advance: Advance) -> Evaluation:
    """Answer the holes with the base, and with the settings' adapter when they name one, in all forms."""
    results: dict[str, list[Result]] = {}
    base_settings = replace(settings, adapter="base", form="auto")
    if settings.adapter != "base":
        # The base is asked with the adapter's own budgets, so that both see the same text.
        budgets = read_adapter(settings.adapter)[1].budgets
        base_settings = replace(
            base_settings,
            prefix_tokens=settings.prefix_tokens or budgets.prefix,
            suffix_tokens=settings.suffix_tokens or budgets.suffix,
        )
    with closing(load_completer(base_settings, silent)) as base:
        served = "base-prefix" if base.voice.form == "prefix" else "base-fim"
        form: Form = "spm" if base.voice.form == "prefix" else base.voice.form
        results["base-prefix"] = _arm("base-prefix", in_form(base, "prefix"), holes, advance)
        results["base-fim"] = _arm("base-fim", in_form(base, form), holes, advance)
        adapter = base.voice.adapter
    if settings.adapter != "base":
        with closing(load_completer(settings, silent)) as tuned:
            served = "adapter-prefix" if tuned.voice.form == "prefix" else "adapter-fim"
            adapter = tuned.voice.adapter
            results |= _adapter_arms(tuned, holes, advance)
    return Evaluation(results, served, settings, adapter)


def _adapter_arms(tuned: Completer, holes: Sequence[Hole], advance: Advance) -> dict[str, list[Result]]:
    form: Form = "psm" if tuned.voice.form == "psm" else "spm"
    askers = {
        "adapter-fim": in_form(tuned, form),
        "adapter-shuffled": in_form(tuned, form, holes),
        "adapter-prefix": in_form(tuned, "prefix"),
    }
    return {name: _arm(name, asker, holes, advance) for name, asker in askers.items()}


def _arm(name: str, completer: Completer, holes: Sequence[Hole], advance: Advance) -> list[Result]:
    return answer_holes(completer, holes, lambda: advance(name))


def report(evaluation: Evaluation) -> dict[str, Any]:
    """Plain data: the served arm's figures and outputs at the top, all arms and their differences below.

    `best` is the arm with most exact matches, similarity deciding ties; the shuffled control cannot be it.
    """
    arms = {name: scores(results) for name, results in evaluation.results.items()}
    contestants = [name for name in arms if name != "adapter-shuffled"]
    best = max(contestants, key=lambda name: _rank(arms[name]))
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "adapter": evaluation.adapter,
        "arm": evaluation.served,
        **arms[evaluation.served],
        "best": best,
        "arms": arms,
        "differences": _differences(evaluation.results),
        "holes": outputs(evaluation.results[evaluation.served]),
    }


def _mean(arm: dict[str, Any], metric: str) -> float:
    mean: float = arm[metric]["mean"]
    return mean


_COMPARED = (
    ("adapter-fim", "base-prefix"),
    ("adapter-fim", "adapter-shuffled"),
    ("adapter-fim", "adapter-prefix"),
    ("adapter-prefix", "base-prefix"),
)


def _differences(results: dict[str, list[Result]]) -> dict[str, Any]:
    """Paired differences between arms, with intervals."""
    found = {}
    for one, other in _COMPARED:
        if one in results:
            exact = ([float(result.exact) for result in results[name]] for name in (one, other))
            similar = ([result.similarity for result in results[name]] for name in (one, other))
            found[f"{one} - {other}"] = {
                "exact_match": paired_difference(*exact).to_dict(),
                "edit_similarity": paired_difference(*similar).to_dict(),
            }
    return found


def record(adapter: str, made: dict[str, Any]) -> Path:
    """Write a report into the adapter's manifest; from then on it is served in the form that measured best."""
    folder, before = read_adapter(adapter)
    kept = {key: value for key, value in made.items() if key != "holes"}
    by_form: dict[Form, str] = {before.form: "adapter-fim", "prefix": "adapter-prefix"}
    form = max(by_form, key=lambda form: _rank(made["arms"][by_form[form]]))
    manifest.write(folder, manifest.with_evaluation(before, kept, form))
    return folder


def _rank(arm: dict[str, Any]) -> tuple[float, float]:
    return _mean(arm, "exact_match"), _mean(arm, "edit_similarity")
