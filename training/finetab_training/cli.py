"""The commands that training adds to `finetab`: `train`, `evaluate`, `demo`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finetab.core.home import expands
from finetab.errors import BadInput
from finetab_training import workshop_cli
from finetab_training.dashboard.cli import dashboard
from finetab_training.data.cli import data_app

if TYPE_CHECKING:
    from finetab_training.config import RunConfig

_DATA_HELP = "A folder, FOLDER@COMMIT, package:NAME, FILE.whl, hub:ID, or a dataset of `finetab data build`."


def add_commands(app: typer.Typer) -> None:
    """Called through the entry-point group `finetab.commands`."""
    for command in (train, evaluate, tune, demo, dashboard):
        app.command()(expands(command))
    app.add_typer(data_app, name="data")
    workshop_cli.add_commands(app)


def train(
    data: Annotated[str | None, typer.Option(help=_DATA_HELP)] = None,
    out: Annotated[Path | None, typer.Option(help="The folder of the adapter to be.")] = None,
    base: Annotated[str | None, typer.Option(help="Base model; see `finetab models`.")] = None,
    method: Annotated[str | None, typer.Option(help="PEFT technique; see `finetab methods`.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop after so many steps.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the run's config.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value on top of the config.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with an interrupted run: OUT.run.")] = None,
    finish: Annotated[
        Path | None, typer.Option(help="An adapter of a run that is under way: OUT.run, with --max-steps more of it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained, and the memory needed.")
    ] = False,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="With --dry-run: take a few steps on random weights, and measure.")
    ] = False,
) -> None:
    """Tune an adapter on source files."""
    from finetab.core.console import open_console
    from finetab_training.config import make_config, parse_override, read_config
    from finetab_training.runs import ending_of, is_first_process, open_run, run_of
    from finetab_training.train.prepare import prepare

    if random_weights and not dry_run:
        raise BadInput("--random-weights goes with --dry-run: nothing can be trained on them.")
    if resume is not None:
        run = open_run(resume)
        made = run.config
    elif finish is not None:
        if not (out and max_steps):
            raise BadInput("--finish OUT.run needs --out ADAPTER and --max-steps, how many more to take.")
        run = ending_of(open_run(finish), str(out), max_steps)
        made = run.config
    else:
        named = {"data": data, "out": out, "base": base, "method": method, "max_steps": max_steps}
        given = {
            key: str(value) if isinstance(value, Path) else value for key, value in named.items() if value is not None
        }
        layers: list[dict[str, Any]] = [read_config(config)] if config else []
        made = make_config(*layers, given, dict(parse_override(text) for text in overrides or []))
    if dry_run:
        _dry_run(made, random_weights)
        return
    if resume is None and finish is None:
        if not (made.data and made.out):
            raise BadInput("finetab train needs --data FOLDER and --out ADAPTER (or a config that names them).")
        run = run_of(made)

    prepared = prepare(run)

    from finetab_training.train.run import train as train_run  # slow to import: last, so that mistakes are told at once

    console = open_console(quiet=not is_first_process())
    adapter = train_run(run, prepared, console)
    console.print(f"adapter: {adapter}\nmeasure it: finetab evaluate --data {run.config.data} --adapter {adapter}")


def _dry_run(config: "RunConfig", random_weights: bool) -> None:
    from finetab.core.console import open_console
    from finetab.core.weights import check_name
    from finetab_training.methods.registry import check_method

    check_method(config.method)
    check_name(config.base)

    from finetab_training.train.dry_run import dry_run

    console = open_console()
    dry_run(config, console, random_weights=random_weights)
    if not random_weights:
        console.print("measure it: the same command with --random-weights", highlight=False)


def evaluate(
    adapter: Annotated[str, typer.Option(help="An adapter's name or folder, or `base`.")] = "base",
    data: Annotated[str, typer.Option(help="Cut holes from what training has not seen; as in train.")] = "",
    holes: Annotated[Path | None, typer.Option(help="A holes file (JSONL).")] = None,
    benchmark: Annotated[str, typer.Option(help="A public benchmark; see docs/evaluation.md.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The most holes to answer.")] = 100,
    base: Annotated[str | None, typer.Option(help="Base model; see `finetab models`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as JSON on stdout.")] = False,
    save_holes: Annotated[Path | None, typer.Option(help="Keep the holes in a file.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the holes.")] = 0,
    typing: Annotated[
        bool, typer.Option("--typing", help="Count the keys that typing takes, too; several times slower.")
    ] = False,
) -> None:
    """Measure the base, and an adapter, on holes, through the pipeline that serves."""
    from finetab.cli import settings_here

    settings = settings_here(adapter=adapter, base=base)
    if [bool(data), holes is not None, bool(benchmark)].count(True) != 1:
        raise BadInput("finetab evaluate needs one of --data FOLDER, --holes FILE.jsonl and --benchmark NAME.")

    from finetab_training.evaluate.session import measure, show

    cut, report = measure(
        settings, data=data, holes_file=holes, benchmark=benchmark, limit=limit, seed=seed, typing=typing,
        save_holes=save_holes,
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        show(report, cut.num_seen)


def tune(
    folder: Annotated[Path, typer.Argument(help="A git repository, or any folder of code.")] = Path(),
    base: Annotated[str | None, typer.Option(help="Base model; see `finetab models`.")] = None,
    cut: Annotated[str | None, typer.Option(help="Train on what stood there at a COMMIT, tag or date.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop training after so many steps.")] = None,
    holes: Annotated[int | None, typer.Option(help="The most holes to measure with.")] = None,
    retrieval: Annotated[int | None, typer.Option(help="Context tokens of the arms with retrieval; 0: none.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the training run's config.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value on top of the config.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the gate says; it is recorded.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and what it takes.")] = False,
    nightly: Annotated[bool, typer.Option("--nightly", help="Print the lines that tune every night.")] = False,
) -> None:
    """Tune on a repository's past, measure on what was written later, and promote only a gain that is certain."""
    from finetab.core.console import open_console
    from finetab.core.pointer import make_own_folder
    from finetab_training.config import parse_override, read_config
    from finetab_training.tune.nightly import nightly_lines
    from finetab_training.tune.plan import make_plan

    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder} to tune on.")
    root = folder.resolve()
    named = {"base": base, "cut": cut, "max_steps": max_steps, "holes": holes, "retrieval": retrieval}
    given = {key: value for key, value in named.items() if value is not None}
    layers: list[dict[str, Any]] = [read_config(config)] if config else []
    plan = make_plan(root, *layers, given, dict(parse_override(text) for text in overrides or []))

    if nightly:
        make_own_folder(root)  # its log goes there
        files = {"config": config} if config else {}
        typer.echo(nightly_lines(root, _as_given(given | files, overrides or [], force=force)))
        return
    if dry_run:
        from finetab_training.tune.foresee import foresee

        foresee(plan, open_console())
        return

    from finetab_training.tune.tune import tune as run_tune

    run_tune(plan, open_console(), force=force)


def _as_given(options: dict[str, Any], overrides: list[str], *, force: bool) -> list[str]:
    # Each in one word: a value may begin with a dash.
    told = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return [*told, *(f"--set={text}" for text in overrides), *(["--force"] if force else [])]


def demo(
    folder: Annotated[Path, typer.Option(help="Where the adapter and its run are kept.")] = Path("demo-adapter"),
    package: Annotated[str, typer.Option(help="The installed package to tune on.")] = "rich",
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps.")] = None,
) -> None:
    """The whole loop on this machine: load, tune on a package, measure, serve."""
    from finetab_training.demo import run_demo

    run_demo(folder, package, steps)
