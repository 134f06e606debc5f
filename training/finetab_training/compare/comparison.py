"""The stages of a comparison: material, learning rates, trainings, answers, report. Each goes on where it was stopped.

OUT/comparison.json                 the config
OUT/material/                       see `material`
OUT/techniques/NAME/search/RATE/    a try of a learning rate
OUT/techniques/NAME/seed-N/         a training (see `training`), its answers hole by hole, its swap
OUT/base/                           the answers of the base alone
OUT/report.md, report.json, plots
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from finetab.core.atomic import write_text
from finetab.core.bar import Bar
from finetab.core.lock import held
from finetab.core.weights import base_folder
from finetab.errors import BadFile, BadInput, BadSetting, FinetabError, Interrupted, NoSpace
from finetab_training.compare.alone import run_alone
from finetab_training.compare.config import DECIDED, Comparison
from finetab_training.compare.markdown import markdown
from finetab_training.compare.material import Material, is_made, is_of_base, make_material, read_material
from finetab_training.compare.measuring import Answers, Examiner
from finetab_training.compare.report import QUALITY, Outcome, summary
from finetab_training.compare.search import MAX_BEYOND, search
from finetab_training.compare.training import Figures, trained
from finetab_training.config import RunConfig, make_config
from finetab_training.evaluate.tables import with_interval
from finetab_training.stages import Stages

_CONFIG, _LOCK = "comparison.json", ".lock"
NO_PLOTS = "No plots are drawn, since matplotlib is not installed: pip install 'finetab[compare]'"


def compare(comparison: Comparison, console: Console) -> Path:
    """Compare techniques, and give the report's path. What failed stands in the report; all else goes on.

    Raises `FinetabError` with what to do.
    """
    base_folder(comparison.train.base)
    outcomes = [Outcome(technique) for technique in comparison.techniques]
    stages = Stages(console)
    with _begun(comparison):
        with stages.stage("material", "files to train on, to choose by and to measure with, none of them of two kinds"):
            material = _material(comparison, console)
        with stages.stage("search", _search_words(comparison)):
            for outcome in outcomes:
                _search(comparison, outcome, material, console)
        with stages.stage("train", f"seeds {', '.join(map(str, comparison.seeds))}; techniques take turns"):
            for seed in comparison.seeds:
                for outcome in outcomes:
                    _train(comparison, outcome, seed, material, console)
        with stages.stage("measure", "the holes and the general holes, through the pipeline that serves"):
            base = _measure(comparison, outcomes, material, console)
        path = _report(comparison, material, base, outcomes, console)
        console.print(stages.summary(), highlight=False)
    return path


@contextmanager
def _begun(comparison: Comparison) -> Iterator[None]:
    """The comparison's folder, which holds no other one, and on which nobody else works."""
    out = comparison.out
    if out.is_file() or (out.is_dir() and {path.name for path in out.iterdir()} - {_LOCK} and not _is_begun(out)):
        raise BadFile(f"{out} exists and is no comparison; choose another out.")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with held(out / _LOCK, BadInput(f"Another process compares in {out}; wait until it has ended.")):
            if is_made(comparison):
                _check_same(comparison, out / _CONFIG)
            write_text(out / _CONFIG, json.dumps(comparison.to_dict(), indent=2) + "\n")
            yield
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted("Stopped; what was done is kept, and the same command goes on.") from None


def _is_begun(out: Path) -> bool:
    return (out / _CONFIG).is_file()


def _check_same(comparison: Comparison, path: Path) -> None:
    """Techniques, seeds and rates may change: what was trained otherwise is trained anew. What is measured may not."""
    before = json.loads(path.read_text("utf-8"))
    train, told = make_config(before["train"]).to_dict(), comparison.train.to_dict()
    changed = [f"train.{name}" for name in told if name not in DECIDED and train[name] != told[name]]
    changed += [name for name in ("holes", "general_holes") if before[name] != getattr(comparison, name)]
    if not changed and not is_of_base(comparison):
        changed = ["the weights of train.base"]
    if changed:
        raise BadSetting(
            f"{path.parent} holds a comparison with other values of {', '.join(changed)}, so its figures would not be "
            "of one kind; name another out, or remove that folder."
        )


def _material(comparison: Comparison, console: Console) -> Material:
    if not is_made(comparison):
        run_alone(make_material, comparison)
    material = read_material(comparison)
    facts = material.facts
    console.print(
        f"{facts['training_files']} files to train on, {facts['validation_files']} to choose by, "
        f"{facts['measured_files']} to measure with: {facts['holes']} holes, and {facts['general_holes']} general ones",
        highlight=False,
    )
    return material


def _search_words(comparison: Comparison) -> str:
    if len(comparison.rates) == 1:
        return "no search: the config names one rate"
    return (
        f"{len(comparison.rates)} learning rates for each technique, {comparison.search_steps} steps each; up to "
        f"{MAX_BEYOND} more where the best lies at an edge"
    )


@contextmanager
def _told(outcome: Outcome, console: Console) -> Iterator[None]:
    """What goes wrong with a technique is said and kept; what would go wrong with all of them ends the comparison."""
    try:
        yield
    except (Interrupted, NoSpace):
        raise
    except FinetabError as error:
        outcome.failed = str(error)
        console.print(f"{outcome.technique.name} failed: {error}", highlight=False, markup=False)


def _search(comparison: Comparison, outcome: Outcome, material: Material, console: Console) -> None:
    technique = outcome.technique

    def train(config: RunConfig) -> Figures:
        figures = trained(config)
        shutil.rmtree(config.out, ignore_errors=True)  # its loss is all that is wanted of it
        console.print(f"{technique.name} at {config.learning_rate:.3g}: {_words(figures)}", highlight=False)
        return figures

    with _told(outcome, console):
        folder = comparison.out / "techniques" / technique.name / "search"
        outcome.tries = search(comparison, technique, material.data, folder, train)


def _train(comparison: Comparison, outcome: Outcome, seed: int, material: Material, console: Console) -> None:
    if outcome.failed:
        return
    technique, rate = outcome.technique, outcome.tries[0].rate
    config = comparison.run_config(technique, material.data, _place(comparison, outcome, seed), rate=rate, seed=seed)
    with _told(outcome, console):
        figures = outcome.figures[seed] = trained(config)
        console.print(f"{technique.name}, seed {seed}: {_words(figures)}", highlight=False)


def _words(figures: Figures) -> str:
    loss = "no number" if figures.loss is None else f"{figures.loss:.4f}"
    return f"held-out loss {loss}, {figures.tokens_per_second:,.0f} tokens/s, {figures.peak_memory_gb:.1f} GB"


def _place(comparison: Comparison, outcome: Outcome, seed: int) -> Path:
    return comparison.out / "techniques" / outcome.technique.name / f"seed-{seed}"


def _measure(comparison: Comparison, outcomes: Sequence[Outcome], material: Material, console: Console) -> Answers:
    """Fill in the answers of all that stand; gives the base's."""
    standing = [outcome for outcome in outcomes if not outcome.failed]
    if not standing:
        raise BadInput("No technique could be trained: " + " ".join(outcome.failed for outcome in outcomes))
    asked = (len(standing) * len(comparison.seeds) + 1) * (len(material.holes) + len(material.general))
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    some = _place(comparison, standing[0], comparison.seeds[0]) / "adapter"
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("base alone", total=asked)
        examiner = Examiner(material, comparison.train, some, lambda count: bar.advance(task, count))
        with closing(examiner):
            base = examiner.base(comparison.out / "base")
            for outcome in standing:
                with _told(outcome, console):
                    for seed in comparison.seeds:
                        bar.update(task, description=f"{outcome.technique.name}, seed {seed}")
                        folder = _place(comparison, outcome, seed)
                        outcome.answers[seed] = examiner.adapter(folder / "adapter", folder)
    return base


def _report(
    comparison: Comparison, material: Material, base: Answers, outcomes: Sequence[Outcome], console: Console
) -> Path:
    if all(outcome.failed for outcome in outcomes):
        raise BadInput("No technique could be measured: " + " ".join(outcome.failed for outcome in outcomes))
    made = summary(comparison, material.facts, base, outcomes)
    write_text(comparison.out / "report.json", json.dumps(made, indent=2) + "\n")
    path = comparison.out / "report.md"
    write_text(path, markdown(made, _plots(made, comparison.out, console)))
    for name, row in made["techniques"].items():
        console.print(f"{name}: similarity {with_interval(row[QUALITY])}", highlight=False, markup=False)
    console.print(f"the report: {path}", highlight=False)
    return path


def _plots(made: dict[str, object], folder: Path, console: Console) -> list[str]:
    if find_spec("matplotlib") is None:
        console.print(NO_PLOTS, highlight=False, markup=False)
        return []
    from finetab_training.compare.plots import plot  # noqa: PLC0415 - needs matplotlib, which is an extra

    return plot(made, folder)
