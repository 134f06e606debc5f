"""The table of LSP methods and their handlers, and the server that runs them over stdin and stdout."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from lsprotocol import types

from finetab.completion.request import LoadService
from finetab.errors import NoSpace
from finetab.lsp import commands, configuration, copilot, feedback, inline_completion, lifecycle, notebooks, sync
from finetab.lsp.convert import ACCEPTED
from finetab.lsp.session import FinetabServer

HANDLERS: dict[str, Callable[..., Any]] = {
    types.INITIALIZE: lifecycle.initialize,
    types.INITIALIZED: lifecycle.initialized,
    types.SHUTDOWN: lifecycle.shutdown,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: configuration.did_change_configuration,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: configuration.did_change_folders,
    types.TEXT_DOCUMENT_DID_OPEN: sync.did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: sync.did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: sync.did_close,
    types.NOTEBOOK_DOCUMENT_DID_OPEN: notebooks.did_open,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: notebooks.did_change,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: notebooks.did_close,
    types.TEXT_DOCUMENT_INLINE_COMPLETION: inline_completion.inline_completion,
    **copilot.HANDLERS,
    "textDocument/didShowCompletion": feedback.did_show,
    "textDocument/didPartiallyAcceptCompletion": feedback.did_partially_accept,
    "textDocument/didFocus": feedback.did_focus,
    "finetab/didRejectCompletion": feedback.did_reject,
}
# Without options pygls does not tell the client of a feature; some clients read empty options as none.
OPTIONS = {types.TEXT_DOCUMENT_INLINE_COMPLETION: types.InlineCompletionOptions(work_done_progress=True)}
COMMANDS: dict[str, Callable[..., Any]] = {
    ACCEPTED: feedback.accepted,
    "finetab.counts": feedback.counts,
    "finetab.stats": feedback.stats,
    "finetab.why": commands.why,
    "finetab.adapters": commands.adapters,
    "finetab.rollback": commands.rollback,
}


def build_server(load: LoadService) -> FinetabServer:
    """A server that loads its model with `load` once it is initialised."""
    server = FinetabServer(load)
    for method, handler in HANDLERS.items():
        server.feature(method, OPTIONS.get(method))(handler)
    for name, command in COMMANDS.items():
        server.command(name)(command)
    return server


def serve_stdio(load: LoadService, log_file: Path | None = None) -> NoReturn:
    """Serve one editor until it says goodbye or goes away, and end the process as the protocol asks."""
    _log_to(log_file)
    # Python's own way would wait for the thread that reads stdin, which a Ctrl+C does not wake.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = build_server(load)
    server.start_io(*_own_pipes())
    exit_code = 0 if server.was_shut_down else 1
    lifecycle.watch_the_end(exit_code)
    lifecycle.stop(server)
    server.recorder.store.join()
    server.workers.shutdown()
    logging.shutdown()
    # Not through the interpreter's own end: it stops threads that load or free a model inside C++, which aborts.
    os._exit(exit_code)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's two pipes, out of everyone else's reach.

    What a library prints, from Python or from C, goes to stderr from now on, and what it or a child process reads
    is empty: one stray byte either way would end the conversation with the editor.
    """
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return reader, writer


def _log_to(log_file: Path | None) -> None:
    """The log goes to a file or to stderr; stdout belongs to the protocol."""
    try:
        handler = logging.FileHandler(log_file, encoding="utf-8") if log_file else logging.StreamHandler(sys.stderr)
    except OSError as error:
        raise NoSpace(f"The log file {log_file} cannot be written ({error.strerror}); choose another one.") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    logging.getLogger("pygls").setLevel(logging.WARNING)
