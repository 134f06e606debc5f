"""The stages of a tune: corpus, training, measuring, the gate, promotion. Each one goes on where it was stopped."""

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from finetab.adapters.library import read_adapter
from finetab.assemble import Loader
from finetab.completion.request import LoadService
from finetab.core import manifest
from finetab.core.atomic import write_text
from finetab.core.bar import Bar
from finetab.core.lock import held
from finetab.core.pointer import make_own_folder, read_pointer, resolved, write_pointer
from finetab.core.progress import silent
from finetab.documents import Document
from finetab.errors import BadInput
from finetab.settings import outranked, read_settings
from finetab_training.data.dataset import Files, is_dataset, read_dataset, write_dataset
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.trained import read_trained
from finetab_training.evaluate.gate import Decision, decide, timed_against
from finetab_training.evaluate.general import drawn_general_holes
from finetab_training.evaluate.holes import NEIGHBOURS, WRITTEN, Cut, cut_holes, unseen
from finetab_training.evaluate.memorised import Memorised, memorised
from finetab_training.evaluate.runner import Result
from finetab_training.evaluate.scores import scores
from finetab_training.runs import run_of
from finetab_training.stages import Stages
from finetab_training.tune.arms import CANDIDATE, Arm, answered, arms_of, served_now
from finetab_training.tune.material import check_material, some
from finetab_training.tune.plan import Plan
from finetab_training.tune.report import markdown
from finetab_training.tune.timing import MOST_TIMED, timed


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the gate and the report are made from."""

    own: dict[str, list[Result]]
    general: dict[str, list[Result]]
    times: dict[str, list[float]]
    in_force: str
    num_leaked: int
    split: str
    heart: Memorised


def tune(plan: Plan, console: Console, *, force: bool = False) -> Decision | None:
    """Tune a folder, and promote the adapter if the gate lets it pass; None where nothing is new since the last time.

    Raises `FinetabError` with what to do.
    """
    if plan.report.is_file() and (plan.adapter / manifest.FILE_NAME).is_file() and not force:
        console.print(f"Nothing is new since {plan.name} was made and measured; its report: {plan.report}")
        return None
    with _alone(plan):
        return _tune(plan, console, force=force)


@contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """No other tune of the folder meanwhile: two would write into one another's files."""
    make_own_folder(plan.root)
    plan.lock.parent.mkdir(exist_ok=True)
    with held(plan.lock, BadInput(f"Another process tunes {plan.root}; wait until it has ended, and tune again.")):
        yield


def _tune(plan: Plan, console: Console, *, force: bool) -> Decision:
    stages = Stages(console)
    with stages.stage("corpus", "what the repository holds, cut by time where it has a history"):
        _build(plan, console)
    with stages.stage("train", f"{plan.config.method} on {plan.config.base}"):
        _train(plan, console)
    with stages.stage("measure", "new lines, and the general set, through the pipeline that serves"):
        measured = _measure(plan, console)
    decision = replace(
        decide(
            measured.own, measured.general, measured.times, CANDIDATE, measured.in_force, measured.heart.num_secrets
        ),
        is_forced=force,
    )
    _record(plan, measured, decision, stages.seconds)
    with stages.stage("gate", "promoted only on a gain that is certain"):
        _tell(decision, plan, console)
        if decision.passes or force:
            write_pointer(plan.root, read_pointer(plan.root).moved_to(plan.name))
            undo = f"finetab rollback --folder {shlex.quote(str(plan.root))}"
            console.print(f"{plan.name} is in force in {plan.root}; undo it with: {undo}", highlight=False)
            if sentence := outranked(plan.root):
                console.print(sentence, highlight=False, markup=False)
    console.print(stages.summary(), highlight=False)
    return decision


def _build(plan: Plan, console: Console) -> None:
    if not is_dataset(plan.dataset):
        write_dataset(plan.recipe(plan.memory), plan.dataset, lambda tally: None)
    train, test, report = read_dataset(plan.dataset)
    by = report["split"]["by"]
    how = "lines written after the cut" if by == "time" else "whole files: there is too little history to cut by time"
    console.print(f"{len(train)} files to train on, {len(test)} to measure with ({how})", highlight=False)
    check_material(plan, train, test, by)


def _train(plan: Plan, console: Console) -> None:
    if (plan.adapter / manifest.FILE_NAME).is_file():
        console.print("trained already", highlight=False)
        return
    # Slow to import, and not needed where the adapter is there.
    from finetab_training.train.prepare import prepare  # noqa: PLC0415
    from finetab_training.train.run import train  # noqa: PLC0415

    run = run_of(plan.run_config())
    train(run, prepare(run), console)


def _measure(plan: Plan, console: Console) -> Measured:
    training, test, report = read_dataset(plan.dataset)
    neighbours = tuple(file.document() for file in training[:NEIGHBOURS]) if plan.retrieval_tokens else ()
    cut = _holes(plan, training, test, neighbours, report["split"]["by"])
    general = unseen(drawn_general_holes(), plan.num_holes, read_trained(plan.adapter)).holes
    settings = read_settings(plan.root)[0]
    in_force = resolved(plan.root, read_pointer(plan.root).adapter)
    arms = arms_of(settings, plan.adapter, in_force, plan.retrieval_tokens)
    served = served_now(in_force, plan.config.base)
    elsewhere = [arm for arm in arms if arm.name in (CANDIDATE, served)]
    in_turns = [arm for arm in arms if arm.name in (CANDIDATE, timed_against(served))]
    load = Loader()
    total = len(arms) * len(cut.holes) + len(elsewhere) * len(general) + plan.num_tried_by_heart
    total += len(in_turns) * min(MOST_TIMED, len(cut.holes))
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console) as bar, closing(load(arms[0].settings, silent)):  # keeps the base loaded
        task = bar.add_task("", total=total)

        def answers(arm: Arm, holes: Sequence[Hole], label: str) -> list[Result]:
            bar.update(task, description=label)
            path = plan.answers(label.replace(" ", "-"))
            return answered(arm, holes, path, load, lambda count: bar.advance(task, count))

        own = {arm.name: answers(arm, cut.holes, arm.name) for arm in arms}
        rest = {arm.name: answers(arm, general, f"{arm.name} elsewhere") for arm in elsewhere}
        bar.update(task, description="in turns, for their times")
        times = timed(in_turns, cut.holes, load, lambda count: bar.advance(task, count))
        bar.update(task, description="said by heart")
        heart = _by_heart(plan, arms, load, training, lambda: bar.advance(task))
    return Measured(own, rest, times, served, cut.num_seen, report["split"]["by"], heart)


def _holes(plan: Plan, training: Files, test: Files, neighbours: tuple[Document, ...], split_by: str) -> Cut:
    """The plan's holes: cut once, then read, so that a tune that goes on measures on the same ones."""
    path = plan.folder / "holes.jsonl"
    counts = plan.folder / "leaked.json"
    if path.is_file() and counts.is_file():
        return Cut(read_holes(path), int(json.loads(counts.read_text("utf-8"))))
    trained = read_trained(plan.adapter).with_texts(training)
    cut = some(plan, cut_holes(test, plan.num_holes, plan.config.seed, trained, neighbours, WRITTEN), split_by)
    write_holes(path, cut.holes)
    write_text(counts, json.dumps(cut.num_seen))
    return cut


def _by_heart(plan: Plan, arms: Sequence[Arm], load: LoadService, files: Any, advance: Callable[[], None]) -> Memorised:
    candidate = next(arm for arm in arms if arm.name == CANDIDATE)
    with closing(load(candidate.settings, silent)) as service:
        return memorised(service, files, plan.num_tried_by_heart, plan.config.seed, advance)


def _record(plan: Plan, measured: Measured, decision: Decision, seconds: dict[str, float]) -> None:
    """Write what was measured and decided into the adapter's manifest, and the report for people."""
    told = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "own": {name: scores(results) for name, results in measured.own.items()},
        "general": {name: scores(results) for name, results in measured.general.items()},
        "num_leaked": measured.num_leaked,
        "split": measured.split,
        "by_heart": asdict(measured.heart),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "decision": decision.to_dict(),
    }
    _, before = read_adapter(str(plan.adapter))
    manifest.write(plan.adapter, replace(before, evaluation=told))
    write_text(plan.report, markdown(plan, measured.own, told))


def _tell(decision: Decision, plan: Plan, console: Console) -> None:
    for rule in decision.rules:
        console.print(f"{'[green]holds[/green]' if rule.holds else '[red]fails[/red]'}  {rule.says}", highlight=False)
    if not decision.passes:
        console.print("Not promoted: " + ", ".join(rule.name for rule in decision.rules if not rule.holds) + ".")
    console.print(f"the report: {plan.report}", highlight=False)
