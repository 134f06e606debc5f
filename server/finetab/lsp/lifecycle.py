"""From `initialize` to `exit`: settings, loading with progress, and an end that leaves nothing running."""

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.uris import to_fs_path

from finetab.core.progress import Progress
from finetab.lsp import feedback
from finetab.lsp.completion import offer_where_needed
from finetab.lsp.copilot import is_plugin
from finetab.lsp.session import FinetabServer
from finetab.settings import Settings, parse_settings, read_settings

_LOG = logging.getLogger(__name__)
_SECTION = "finetab"
_WATCHDOG_SECONDS = 5.0
# A client that never answers must not keep the model away.
_PATIENCE_SECONDS = 2.0


def initialize(ls: FinetabServer, params: types.InitializeParams) -> None:
    """Take the settings of the workspace and of the client. No model is touched: the answer must be quick."""
    ls.is_copilot_plugin = is_plugin(params.initialization_options)
    ls.settings, faults = _workspace_settings(ls)
    ls.startup_faults = [*faults, *_take(ls, ls.status.heed(params.initialization_options))]
    if not ls.is_copilot_plugin:  # which shows ghost text, whatever its editor can do
        offer_where_needed(ls)


def _workspace_settings(ls: FinetabServer) -> tuple[Settings, list[str]]:
    # Not the keys of `folders`: pygls has unquoted them, so that a "#" in a folder's name would end its path.
    folder = next(iter(ls.workspace.folders.values()), None)
    path = to_fs_path(folder.uri if folder else ls.workspace.root_uri or "")
    if path is None:
        return Settings(), []
    try:
        return read_settings(Path(path))
    except OSError as error:
        return Settings(), [f"The settings of {path} cannot be read ({error.strerror}); defaults are used."]


def _take(ls: FinetabServer, raw: Any) -> list[str]:
    """Settings on top of those in force, from a bare mapping or one under our section; the faults.

    What a plugin for Copilot sends outside our section is meant for Copilot.
    """
    section = raw.get(_SECTION, {} if ls.is_copilot_plugin else raw) if isinstance(raw, dict) else None
    ls.settings, faults = parse_settings(section if isinstance(section, dict) else {}, ls.settings)
    return faults


def initialized(ls: FinetabServer, params: types.InitializedParams) -> None:
    """Load the model, off the loop; ask the client for its settings where it can be asked."""
    for fault in ls.startup_faults:
        ls.tell(fault)
    ls.run_beside(_load_first(ls))


async def _load_first(ls: FinetabServer) -> None:
    if _can_be_asked(ls):
        await asyncio.wait({ls.run_beside(_ask(ls))}, timeout=_PATIENCE_SECONDS)
    await _load(ls)


def _can_be_asked(ls: FinetabServer) -> bool:
    workspace = ls.client_capabilities.workspace
    return workspace is not None and bool(workspace.configuration)


async def _ask(ls: FinetabServer) -> None:
    """Ask the client for its settings and follow them, however late they come.

    In a task of its own: pygls 2.1 raises in the loop when a handler that waits for the client is cancelled.
    """
    item = types.ConfigurationItem(section=_SECTION)
    try:
        (found,) = await ls.workspace_configuration_async(types.ConfigurationParams(items=[item]))
    except Exception:  # noqa: BLE001 - the edge: a client may answer anything
        _LOG.exception("the client did not give its settings")
        return
    _follow(ls, found)


def did_change_configuration(ls: FinetabServer, params: types.DidChangeConfigurationParams) -> None:
    """Take the new settings; a client that sends none wants to be asked."""
    if params.settings is None and _can_be_asked(ls):
        ls.run_beside(_ask(ls))
    else:
        _follow(ls, params.settings)


def _follow(ls: FinetabServer, raw: Any) -> None:
    """Take new settings and, when they differ, load the model again while the old one answers."""
    for fault in _take(ls, raw):
        ls.tell(fault)
    ls.run_beside(_load(ls))


async def _load(ls: FinetabServer) -> None:
    settings = ls.settings
    if not ls.holder.want(settings):
        return
    bar = await _begin_progress(ls)
    fault = await ls.holder.load(settings, ls.status.loading(bar.report))
    ls.status.loaded(ls.holder.service, fault)
    if fault:
        ls.tell(fault, types.MessageType.Error)
    service = ls.holder.service
    bar.end(service.label if service else "not loaded")


@dataclass(frozen=True, slots=True)
class _Bar:
    report: Progress
    end: Callable[[str], None]


async def _begin_progress(ls: FinetabServer) -> _Bar:
    """A progress bar in the editor, where it has one."""
    window = ls.client_capabilities.window
    if window is None or not window.work_done_progress:
        return _Bar(lambda stage, share: None, lambda message: None)
    token = str(uuid.uuid4())
    loop = asyncio.get_running_loop()
    created = loop.create_task(ls.work_done_progress.create_async(token))
    await asyncio.wait({created}, timeout=_PATIENCE_SECONDS)
    if not created.done() or created.exception() is not None:
        _LOG.warning("the client took no progress bar")
        return _Bar(lambda stage, share: None, lambda message: None)
    ls.work_done_progress.begin(token, types.WorkDoneProgressBegin(title="finetab", percentage=0))

    def send(stage: str, share: float) -> None:
        report = types.WorkDoneProgressReport(message=stage, percentage=round(share * 100))
        ls.work_done_progress.report(token, report)

    return _Bar(
        lambda stage, share: (loop.call_soon_threadsafe(send, stage, share), None)[1],
        lambda message: ls.work_done_progress.end(token, types.WorkDoneProgressEnd(message=message)),
    )


def shutdown(ls: FinetabServer, params: None) -> None:
    """Withdraw every request and free the model."""
    ls.was_shut_down = True
    stop(ls)


def stop(ls: FinetabServer) -> None:
    """End what runs; should a thread not end, the process does all the same."""
    feedback.stop(ls)
    ls.scheduler.end_all()
    ls.holder.close()
    ls.workers.shutdown(wait=False, cancel_futures=True)


def watch_the_end(exit_code: int) -> None:
    """End the process if it has not ended by itself in a few seconds: no editor should leave a zombie behind."""
    timer = threading.Timer(_WATCHDOG_SECONDS, os._exit, [exit_code])
    timer.daemon = True
    timer.start()
