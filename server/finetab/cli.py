"""The command line: `finetab complete | serve | stats | doctor | models`, and what other packages add.

Commands import what they need when they run, so that `finetab --help` does not wait for torch. Packages add
commands through the entry-point group `finetab.commands`: a function that is given the Typer app.
"""

import json
import sys
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from finetab import __version__, adapters_cli, engine_cli
from finetab.core.atomic import not_writable, what_to_do
from finetab.core.home import from_home
from finetab.core.pointer import BASE, WITHOUT_ADAPTER, resolved
from finetab.core.quiet import quiet_libraries
from finetab.errors import BadInput, BadSetting, FinetabError
from finetab.settings import OWN

if TYPE_CHECKING:
    from finetab.completion.request import LoadService, Service
    from finetab.core.progress import Progress
    from finetab.settings import Settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
models_app = typer.Typer(help="List the base models finetab knows, and fetch their weights.")
app.add_typer(models_app, name="models", invoke_without_command=True)
adapters_cli.add_commands(app)
engine_cli.add_commands(app)

BaseOption = Annotated[str | None, typer.Option("--base", help="Base model; see `finetab models`.")]


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 2, never a traceback."""
    quiet_libraries()
    for entry in entry_points(group="finetab.commands"):
        entry.load()(app)
    try:
        app()
    except FinetabError as error:
        _end(str(error), error.exit_code)
    except Exception as error:
        if reason := not_writable(error):
            named = getattr(error, "filename", None) or "A file"
            _end(f"{named} could not be read or written ({reason}); {what_to_do(error)} and run the command again.", 2)
        raise


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"finetab {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Inline code completion that is tuned on your own code, and proves that it helps."""


def _end(message: str, exit_code: int) -> NoReturn:
    print(f"finetab: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(exit_code)


@app.command()
def complete(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE:COLUMN", help="Counted from 1, columns in characters.")],
    adapter: Annotated[str | None, typer.Option(help="An adapter's name or folder, or `base`.")] = None,
    base: BaseOption = None,
    form: Annotated[str | None, typer.Option(help="auto, spm, psm or prefix.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object with text, latency and token counts.")
    ] = False,
) -> None:
    """Print the completion at a place in a file."""
    from finetab.completion.request import CompletionRequest
    from finetab.core.progress import silent
    from finetab.documents import offset_at, open_document, read_text

    path, line, column = _place(place)
    text = read_text(path)
    offset = offset_at(text, line, column, str(path))
    settings = settings_here(adapter=adapter, base=base, form=form)

    from finetab.adapters.library import chosen

    chosen(settings)

    completer = _load_service(settings, silent)
    try:
        answer = completer.complete(CompletionRequest(open_document(str(path), text), offset))
    finally:
        completer.close()
    as_dict = {"text": answer.text, "why": answer.why, **answer.cost()}
    if as_json or answer.text:
        typer.echo(json.dumps(as_dict, ensure_ascii=False) if as_json else answer.text)
    else:
        from finetab.why import outcome

        typer.echo(f"No suggestion here: {outcome(as_dict)}.", err=True)


def _place(place: str) -> tuple[Path, int, int]:
    parts = place.rsplit(":", 2)
    if len(parts) != 3 or not parts[0] or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise BadInput(f'"{place}" names no place; write FILE:LINE:COLUMN, such as app.py:12:5.')
    return Path(parts[0]), int(parts[1]), int(parts[2])


def settings_here(**overrides: str | None) -> "Settings":
    """The settings of this folder's `finetab.toml` with the command line's on top; raises `BadSetting`.

    An adapter named on the command line brings its base, unless that is named as well; a base comes without one.
    """
    from finetab.adapters.library import read_adapter
    from finetab.settings import checked_settings, read_settings

    settings, faults = read_settings(Path.cwd())
    if faults:
        raise BadSetting(" ".join(faults))
    given = {key: value for key, value in overrides.items() if value is not None}
    adapter = resolved(Path.cwd(), given.get("adapter", BASE))
    if "adapter" in given or "base" in given:
        given["adapter"] = adapter
    if adapter not in WITHOUT_ADAPTER and "base" not in given:
        given["base"] = read_adapter(adapter)[1].base_name
    return checked_settings(given, settings)


@app.command()
def serve(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Speak over stdin and stdout (the default and only way).")
    ] = True,
    log_file: Annotated[
        Path | None, typer.Option(help="Write the log here instead of to stderr.", callback=from_home)
    ] = None,
) -> None:
    """Run the language server for an editor."""
    from finetab.core.memory import hold_while_busy
    from finetab.lsp.server import serve_stdio

    hold_while_busy()
    serve_stdio(_load_service, log_file)


def _load_service(settings: "Settings", progress: "Progress") -> "Service":
    return _loader(settings.engine == OWN)(settings, progress)


@cache
def _loader(is_own: bool) -> "LoadService":
    """One for the process, so that all that it loads shares what it can."""
    if is_own:
        from finetab.assemble import Loader
        from finetab.core.memory import keep_imports

        keep_imports()
        return Loader()
    from finetab.remote import load_remote

    return load_remote


@app.command()
def why(
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many rows; with --json, requests.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, newest first.")] = False,
) -> None:
    """Say what became of an editor's last requests: what was shown, or why there was nothing."""
    from finetab.journal import last_requests

    if as_json:
        for request in last_requests(count):
            typer.echo(json.dumps(request, ensure_ascii=False))
        return

    from finetab.why import show_requests

    show_requests(last_requests(), count)


@app.command()
def stats(
    days: Annotated[int | None, typer.Option(min=1, help="Of the last days only; by default all that is kept.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Delete the statistics, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Say what became of the suggestions on this machine. Nothing of it ever leaves it."""
    from finetab.core.console import open_console
    from finetab.stats.database import database_path, read_rows
    from finetab.stats.database import reset as delete_all
    from finetab.stats.report import tables
    from finetab.stats.summary import summarise

    path = database_path()
    if reset:
        if yes or typer.confirm(f"Delete the statistics in {path}?"):
            delete_all(path)
            typer.echo("The statistics have been deleted.")
        return
    summary = summarise(read_rows(path, days), days)
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    elif not summary["answers"]:
        typer.echo("There are no statistics yet: they begin with the first suggestion in an editor.")
    else:
        console = open_console()
        for table in tables(summary):
            console.print(table, "")


@app.command()
def doctor() -> None:
    """Say what was found: model, device, adapters, versions; and what to fix."""
    from finetab.doctor import examine

    if not examine(Path.cwd()):
        raise typer.Exit(1)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the base models finetab knows, with size, context and licence."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from finetab.core.bases import KNOWN_BASES, is_cached
    from finetab.core.console import open_console

    table = Table(box=None)
    for title in ("name", "size", "context", "here", "licence"):
        table.add_column(title, no_wrap=title != "licence")
    for base in KNOWN_BASES:
        here = ("yes" if is_cached(base.name) else "no") if base.wheels else "hub"
        table.add_row(base.name, base.parameters, f"{base.context:,}", here, base.licence)
    open_console().print(table)
    typer.echo("A folder, a .gguf file or another hub id works as well, where a FIM row matches it.")


@models_app.command()
def fetch(names: Annotated[list[str], typer.Argument(help="Names, .gguf files or hub ids.")]) -> None:
    """Fetch and convert the weights of base models, once."""
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from finetab.core.bases import DEFAULT_BASE, KNOWN_BASES, is_cached, known_base
    from finetab.core.console import open_console
    from finetab.core.weights import check_name

    for name in names:
        check_name(name)
    known_before = {base.name for base in KNOWN_BASES if is_cached(base.name)}

    from finetab.core.fetch import fetch as fetch_weights  # slow to import

    for name in names:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, transient=True, console=open_console(stderr=True)) as bar:
            task = bar.add_task(name, total=1.0)

            def show(stage: str, share: float, bar: Progress = bar, task: TaskID = task) -> None:
                bar.update(task, description=stage, completed=share)

            folder = fetch_weights(name, show)
        if name == "default" and folder.name != DEFAULT_BASE:
            typer.echo(f"{DEFAULT_BASE} could not be fetched, so `default` is {folder.name} here.")
        base = known_base(folder.name) or known_base(name)
        typer.echo(f"{base.name if base else name}: {folder}")
        if base and base.terms and base.name not in known_before:
            typer.echo(base.terms)
