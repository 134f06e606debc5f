"""From `initialize` to `exit`: settings, loading with progress, and an end that leaves nothing running."""

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.uris import to_fs_path

from finetab.core.progress import Progress
from finetab.lsp.session import FinetabServer
from finetab.settings import parse_settings, read_settings

_LOG = logging.getLogger(__name__)
_SECTION = "finetab"
_WATCHDOG_SECONDS = 5.0
_TASKS: set[asyncio.Task[None]] = set()  # the loop holds tasks weakly


def initialize(ls: FinetabServer, params: types.InitializeParams) -> None:
    """Take the settings of the workspace and of the client. No model is touched: the answer must be quick."""
    root = next(iter(ls.workspace.folders), None) or ls.workspace.root_uri
    path = to_fs_path(root) if root else None
    faults: list[str] = []
    if path is not None:
        ls.settings, faults = read_settings(Path(path))
    options = params.initialization_options
    more = _take(ls, options) if isinstance(options, dict) else []
    ls.startup_faults = [*faults, *more]


def _take(ls: FinetabServer, raw: Mapping[str, Any]) -> list[str]:
    """Settings on top of those in force, from a bare mapping or one under our section; the faults."""
    section = raw.get(_SECTION, raw)
    ls.settings, faults = parse_settings(section if isinstance(section, dict) else {}, ls.settings)
    return faults


def initialized(ls: FinetabServer, params: types.InitializedParams) -> None:
    """Load the model, off the loop; ask the client for its settings where it can be asked."""
    for fault in ls.startup_faults:
        ls.tell(fault)
    _start(_load_after_asking(ls))


async def _load_after_asking(ls: FinetabServer) -> None:
    # In a task of its own: pygls 2.1 raises in the loop when a handler that waits for the client is cancelled.
    workspace = ls.client_capabilities.workspace
    if workspace is not None and workspace.configuration:
        item = types.ConfigurationItem(section=_SECTION)
        try:
            (found,) = await ls.workspace_configuration_async(types.ConfigurationParams(items=[item]))
        except Exception:  # noqa: BLE001 - the edge: a client may answer anything
            _LOG.exception("the client did not give its settings")
            found = None
        for fault in _take(ls, found) if isinstance(found, dict) else []:
            ls.tell(fault)
    await _load(ls)


def did_change_configuration(ls: FinetabServer, params: types.DidChangeConfigurationParams) -> None:
    """Take the new settings and, when they differ, load the model again while the old one answers."""
    before = ls.settings
    for fault in _take(ls, params.settings) if isinstance(params.settings, dict) else []:
        ls.tell(fault)
    if ls.settings != before:
        _start(_load(ls))


async def _load(ls: FinetabServer) -> None:
    bar = await _begin_progress(ls)
    fault = await ls.holder.load(ls.settings, bar.report)
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
    try:
        await ls.work_done_progress.create_async(token)
    except Exception:  # noqa: BLE001 - the edge: a client may answer anything
        _LOG.exception("the client took no progress bar")
        return _Bar(lambda stage, share: None, lambda message: None)
    ls.work_done_progress.begin(token, types.WorkDoneProgressBegin(title="finetab", percentage=0))

    def send(stage: str, share: float) -> None:
        report = types.WorkDoneProgressReport(message=stage, percentage=round(share * 100))
        ls.work_done_progress.report(token, report)

    return _Bar(
        lambda stage, share: (loop.call_soon_threadsafe(send, stage, share), None)[1],
        lambda message: ls.work_done_progress.end(token, types.WorkDoneProgressEnd(message=message)),
    )


def _start(work: Any) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


def shutdown(ls: FinetabServer, params: None) -> None:
    """Withdraw every request and free the model."""
    ls.was_shut_down = True
    stop(ls)


def stop(ls: FinetabServer) -> None:
    """End what runs; should a thread not end, the process does all the same."""
    ls.scheduler.end_all()
    ls.holder.close()
    ls.workers.shutdown(wait=False, cancel_futures=True)


def watch_the_end(exit_code: int) -> None:
    """End the process if it has not ended by itself in a few seconds: no editor should leave a zombie behind."""
    timer = threading.Timer(_WATCHDOG_SECONDS, os._exit, [exit_code])
    timer.daemon = True
    timer.start()
