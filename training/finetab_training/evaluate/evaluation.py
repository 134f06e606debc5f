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

from finetab.adapters.library import chosen, read_adapter
from finetab.assemble import load_completer
from finetab.completion.completer import Completer
from finetab.core import manifest
from finetab.core.fim import Form
from finetab.core.pointer import BARE
from finetab.core.progress import silent
from finetab.core.weights import base_folder
from finetab.engine.ways import choose_way
from finetab.settings import Settings
from finetab_training.data.hole import Hole
from finetab_training.evaluate.runner import Extras, Result, answer_holes, in_form, outputs
from finetab_training.evaluate.scores import difference, scores

Advance: TypeAlias = Callable[[str], None]
"""Called with the arm's name after each answered hole."""

Answer: TypeAlias = Callable[[str, Completer], list[Result]]
"""Answers all holes as an arm, by its name and the completer that asks."""

BASE_ARMS = ("base-prefix", "base-fim")
ADAPTER_ARMS = ("adapter-fim", "adapter-shuffled", "adapter-prefix")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of every arm, by its name, and whose figures stand for all: the form trained for, or the base's."""

    results: dict[str, list[Result]]
    headline: str
    adapter: str


def evaluate(settings: Settings, holes: Sequence[Hole], advance: Advance, extras: Extras | None = None) -> Evaluation:
    """Answer the holes with the base, and with the settings' adapter where there is one, in all forms.

    The settings' own `form` is for the server: here every form is asked for.
    """

    def answer(name: str, completer: Completer) -> list[Result]:
        return answer_holes(completer, holes, lambda: advance(name), extras)

    adapter = chosen(settings)[1]
    if adapter is None:
        return _base_evaluation(replace(settings, form="auto"), answer)
    folder, manifest = adapter
    # The base is asked with the adapter's own budgets and with weights held in the same way, so that the adapter is all
    # that differs.
    settings = replace(
        settings,
        quantisation=choose_way(settings, base_folder(settings.base), folder)[0],
        form=manifest.form,
        prefix_tokens=settings.prefix_tokens or manifest.budgets.prefix,
        suffix_tokens=settings.suffix_tokens or manifest.budgets.suffix,
        context_tokens=settings.context_tokens or manifest.budgets.context,
    )
    base = _base_evaluation(replace(settings, adapter=BARE, form="auto"), answer)
    with closing(load_completer(settings, silent)) as tuned:
        results = base.results | _adapter_arms(tuned, manifest.form, holes, answer)
        return Evaluation(results, "adapter-fim", tuned.voice.adapter)


def _base_evaluation(settings: Settings, answer: Answer) -> Evaluation:
    with closing(load_completer(settings, silent)) as base:
        knows_fim = base.voice.form != "prefix"
        askers = {
            "base-prefix": in_form(base, "prefix"),
            "base-fim": in_form(base, base.voice.form if knows_fim else "spm"),
        }
        results = {name: answer(name, asker) for name, asker in askers.items()}
        return Evaluation(results, "base-fim" if knows_fim else "base-prefix", base.voice.adapter)


def _adapter_arms(tuned: Completer, form: Form, holes: Sequence[Hole], answer: Answer) -> dict[str, list[Result]]:
    askers = {
        "adapter-fim": in_form(tuned, form),
        "adapter-shuffled": in_form(tuned, form, holes),
        "adapter-prefix": in_form(tuned, "prefix"),
    }
    return {name: answer(name, asker) for name, asker in askers.items()}


def report(evaluation: Evaluation) -> dict[str, Any]:
    """Plain data: the headline arm's figures and outputs at the top, all arms and their differences below.

    `best` is the arm with most exact matches, similarity deciding ties; the shuffled control cannot be it.
    """
    arms = {name: scores(results) for name, results in evaluation.results.items()}
    contestants = [name for name in arms if name != "adapter-shuffled"]
    best = max(contestants, key=lambda name: _rank(arms[name]))
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "adapter": evaluation.adapter,
        "arm": evaluation.headline,
        **arms[evaluation.headline],
        "best": best,
        "arms": arms,
        "differences": _differences(evaluation.results),
        "holes": outputs(evaluation.results[evaluation.headline]),
    }


def _mean(arm: dict[str, Any], metric: str) -> float:
    mean: float = arm[metric]["mean"] if metric in arm else 0.0
    return mean


COMPARED_METRICS = ("exact_match", "edit_similarity", "pass_at_1", "saved")
_COMPARED = (
    ("adapter-fim", "base-prefix"),
    ("adapter-fim", "base-fim"),
    ("adapter-fim", "adapter-shuffled"),
    ("adapter-fim", "adapter-prefix"),
    ("adapter-prefix", "base-prefix"),
)


def _differences(results: dict[str, list[Result]]) -> dict[str, Any]:
    """Paired differences between arms, with intervals, of those metrics that apply."""
    found = {}
    for one, other in _COMPARED:
        if one in results:
            made = {metric: difference(results[one], results[other], metric) for metric in COMPARED_METRICS}
            found[f"{one} - {other}"] = {metric: gain.to_dict() for metric, gain in made.items() if gain.n}
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
