"""The command `finetab dashboard`."""

import importlib.util
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from finetab.errors import BadInput, MissingExtra

_SCRIPT = Path(__file__).parent / "app" / "main.py"
_HOST = "127.0.0.1"
_FIRST_PORT, _PORTS = 8501, 50


def dashboard(
    folder: Annotated[Path, typer.Argument(help="Whose runs, tunes and comparisons to show.")] = Path(),
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Of 127.0.0.1; else one that is free.")] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open a browser as well.")] = False,
) -> None:
    """Pages in a browser: start and watch runs, compare, try, look through a gate and the statistics."""
    if importlib.util.find_spec("streamlit") is None:
        raise MissingExtra("The pages need Streamlit, which is not installed; run: pip install 'finetab[dashboard]'")
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder} to show.")
    port = _free_port(port)
    os.chdir(folder)

    from streamlit.web import bootstrap

    _keep_to_itself()
    # Said here, so that no config file of the user's decides them.
    options = {
        "server_address": _HOST,
        "server_allowedHosts": [_HOST, "localhost"],  # or a name of somebody's that leads here could open the pages
        "server_port": port,
        "server_enableCORS": True,
        "server_enableXsrfProtection": True,
        "server_headless": not browser,
        "server_fileWatcherType": "none",
        "browser_gatherUsageStats": False,
        "client_showErrorDetails": "none",
        "client_toolbarMode": "minimal",
        "logger_hideWelcomeMessage": True,
        "logger_level": "warning",
    }
    bootstrap.load_config_options(options)
    typer.echo(f"finetab shows {Path.cwd()} at http://{_HOST}:{port} (Ctrl-C ends it, and no run)")
    bootstrap.run(str(_SCRIPT), False, [], options)


def _keep_to_itself() -> None:
    """Streamlit reads nothing of the folder's, which may be somebody else's work, and asks no other machine."""
    from streamlit import file_util, net_util

    # What it takes for the project's `.streamlit`, with its options and secrets, is the user's own.
    file_util.get_project_streamlit_file_path = file_util.get_streamlit_file_path
    # It looks its address up on the internet where a page of another origin knocks.
    net_util.get_external_ip = lambda: None


def _free_port(wanted: int | None) -> int:
    """The port that was asked for, or the first that is free. Raises `BadInput` where none is."""
    for port in [wanted] if wanted else range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return port
    raise BadInput(f"Port {wanted or _FIRST_PORT} of {_HOST} is taken; choose another one with --port.")
