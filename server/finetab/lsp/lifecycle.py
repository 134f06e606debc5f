"""From `initialize` to `exit`: settings, loading, and an end that leaves nothing running."""

import os
import threading

from lsprotocol import types

from finetab.lsp import feedback
from finetab.lsp.completion import offer_where_needed
from finetab.lsp.configuration import load_first, section_of
from finetab.lsp.copilot import is_plugin
from finetab.lsp.session import FinetabServer

_WATCHDOG_SECONDS = 5.0


def initialize(ls: FinetabServer, params: types.InitializeParams) -> None:
    """Take the settings of the workspace and of the client. No model is touched: the answer must be quick."""
    ls.is_copilot_plugin = is_plugin(params.initialization_options)
    ls.folders.options = section_of(ls, ls.status.heed(params.initialization_options))
    # Not the keys of the workspace's folders: pygls has unquoted them, so that a "#" in a name would end its path.
    uris = [folder.uri for folder in ls.workspace.folders.values()] or [ls.workspace.root_uri or ""]
    ls.folders.change([uri for uri in uris if uri], [])
    ls.startup_faults = [fault for folder in ls.folders for fault in folder.read(ls.folders.options)]
    if not ls.is_copilot_plugin:  # which shows ghost text, whatever its editor can do
        offer_where_needed(ls)


def initialized(ls: FinetabServer, params: types.InitializedParams) -> None:
    """Load the models, off the loop."""
    for fault in ls.startup_faults:
        ls.tell(fault)
    ls.run_beside(load_first(ls))


def shutdown(ls: FinetabServer, params: None) -> None:
    """Withdraw every request and free the model."""
    ls.was_shut_down = True
    stop(ls)


def stop(ls: FinetabServer) -> None:
    """End what runs; should a thread not end, the process does all the same."""
    feedback.stop(ls)
    ls.scheduler.end_all()
    ls.folders.close()
    ls.workers.shutdown(wait=False, cancel_futures=True)


def watch_the_end(exit_code: int) -> None:
    """End the process if it has not ended by itself in a few seconds: no editor should leave a zombie behind."""
    timer = threading.Timer(_WATCHDOG_SECONDS, os._exit, [exit_code])
    timer.daemon = True
    timer.start()
