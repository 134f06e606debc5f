"""`finetab engine`: one model for many editors; and the tokens that open it, at both ends."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from finetab.core.home import from_home
from finetab.errors import BadInput
from finetab.settings import checked_settings

engine_app = typer.Typer(help="Serve one model to many editors, over HTTP; log in to one that runs elsewhere.")
_URL = Annotated[str, typer.Argument(help="The engine's address, such as https://gpu.example.org.")]


def add_commands(app: typer.Typer) -> None:
    """The group."""
    app.add_typer(engine_app, name="engine", invoke_without_command=True)


@engine_app.callback()
def engine(
    context: typer.Context,
    base: Annotated[str | None, typer.Option(help="Base model; see `finetab models`.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16, float16.")] = None,
    quantisation: Annotated[str | None, typer.Option(help="auto, int8, none, nf4.")] = None,
    host: Annotated[str, typer.Option(help="Where to listen; others reach it only with a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8765,
    socket: Annotated[
        Path | None, typer.Option(help="Listen on a Unix socket instead, for this user only.", callback=from_home)
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="TLS certificate, with its chain.", callback=from_home)
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key.", callback=from_home)] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Requests a second for each token.")] = 20.0,
    idle: Annotated[float, typer.Option(min=0.0, help="End after so many seconds without a request; 0 never.")] = 0.0,
) -> None:
    """Serve one model to many editors, over OpenAI's /v1/completions."""
    if context.invoked_subcommand is not None:
        return
    from finetab.serving.place import Place, check_place, only_one

    given = {"base": base, "device": device, "dtype": dtype, "quantisation": quantisation}
    settings = checked_settings({name: value for name, value in given.items() if value is not None})
    place = Place(host, port, str(socket or ""), str(certificate or ""), str(key or ""))
    hashes = check_place(place)
    with only_one(place):
        from finetab.core.memory import hold_while_busy, keep_imports
        from finetab.serving.run import run_engine  # slow to import: last, so that mistakes are told at once

        keep_imports()
        hold_while_busy()
        run_engine(settings, place, hashes, per_second=rate, idle_seconds=idle)


@engine_app.command()
def token(
    name: Annotated[str, typer.Argument(help="Who gets it.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Take it away instead.")] = False,
) -> None:
    """Make a token that opens this machine's engines, and print it once; restart the engine to have it known."""
    from finetab.serving.tokens import make_token, revoke_token

    if not revoke:
        typer.echo(make_token(name))
    elif not revoke_token(name):
        raise BadInput(f'"{name}" has no token.')


@engine_app.command()
def login(url: _URL) -> None:
    """Let editors send code to an engine; its token is asked for, or read from stdin."""
    from finetab.core.logins import log_in

    is_asked = sys.stdin.isatty()
    given = (
        typer.prompt("Token (empty for none)", default="", hide_input=True, show_default=False)
        if is_asked
        else (sys.stdin.readline())
    )
    typer.echo(f'Logged in. Set "engine" to {log_in(url, given.strip())}')


@engine_app.command()
def logout(url: _URL) -> None:
    """Forget an engine and its token."""
    from finetab.core.logins import log_out

    if not log_out(url):
        raise BadInput(f"You are not logged in to {url}.")
