"""Settings and adapters followed while the server runs: the editor's, the folders' own, and what is promoted."""

import asyncio
import logging
import math
from dataclasses import replace
from typing import Any

from lsprotocol import types

from finetab.core.pointer import BASE
from finetab.lsp.demotion import look_for_demotion
from finetab.lsp.folders import Folder
from finetab.lsp.loading import ServiceHolder
from finetab.lsp.progress_bar import PATIENCE_SECONDS, begin_progress
from finetab.lsp.session import FinetabServer
from finetab.settings import Settings

_LOG = logging.getLogger(__name__)
_SECTION = "finetab"
_WATCH_SECONDS = 0.4
_DEMOTION_SECONDS = 600.0


def section_of(ls: FinetabServer, raw: Any) -> dict[str, Any]:
    """Settings from a bare mapping, or from under our section of one.

    What a plugin for Copilot sends outside our section is meant for Copilot.
    """
    section = raw.get(_SECTION, {} if ls.is_copilot_plugin else raw) if isinstance(raw, dict) else None
    return section if isinstance(section, dict) else {}


async def load_first(ls: FinetabServer) -> None:
    """Load the models of all folders, when the client has been asked for its settings where it can be asked."""
    if _can_be_asked(ls):
        await asyncio.wait({ls.run_beside(_ask(ls))}, timeout=PATIENCE_SECONDS)
    for folder in ls.folders:
        follow(ls, folder)
    ls.run_beside(_watch(ls))


def did_change_configuration(ls: FinetabServer, params: types.DidChangeConfigurationParams) -> None:
    """Take the new settings; a client that sends none wants to be asked."""
    if params.settings is None and _can_be_asked(ls):
        ls.run_beside(_ask(ls))
        return
    ls.folders.ask(section_of(ls, params.settings))
    for folder in ls.folders:
        follow(ls, folder)


def did_change_folders(ls: FinetabServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Open and close folders of the workspace."""
    ls.folders.change([folder.uri for folder in params.event.added], [folder.uri for folder in params.event.removed])
    ls.status.keep({folder.uri for folder in ls.folders})
    if _can_be_asked(ls):
        ls.run_beside(_ask(ls))
    else:
        for folder in ls.folders:
            follow(ls, folder)


def _can_be_asked(ls: FinetabServer) -> bool:
    workspace = ls.client_capabilities.workspace
    return workspace is not None and bool(workspace.configuration)


async def _ask(ls: FinetabServer) -> None:
    """Ask the client for the settings of each folder and follow them, however late they come.

    In a task of its own: pygls 2.1 raises in the loop when a handler that waits for the client is cancelled.
    """
    folders = list(ls.folders)
    items = [types.ConfigurationItem(scope_uri=folder.uri or None, section=_SECTION) for folder in folders]
    try:
        found = await ls.workspace_configuration_async(types.ConfigurationParams(items=items))
    except Exception:  # noqa: BLE001 - the edge: a client may answer anything
        _LOG.exception("the client did not give its settings")
        return
    for folder, raw in zip(folders, found, strict=False):
        folder.asked = section_of(ls, raw)
        follow(ls, folder)


def follow(ls: FinetabServer, folder: Folder) -> None:
    """Read a folder's settings anew and, when they differ, load its model again while the old one answers."""
    for fault in folder.read(ls.folders.options):
        ls.tell(fault)
    ls.run_beside(_load(ls, folder, folder.holder, folder.settings))
    if folder.against is not None:
        ls.run_beside(_load(ls, folder, folder.rival, folder.against))
    else:
        folder.rival.empty()


async def _load(ls: FinetabServer, folder: Folder, holder: ServiceHolder, settings: Settings) -> None:
    """Load what settings ask for, if that is news. Nothing stands in for a rival, nor is the status ever of one."""
    if not holder.want(settings):
        return
    bar = await begin_progress(ls)
    progress = ls.status.loading(bar.report)
    is_rival = holder is folder.rival
    fault = await holder.load(settings, progress)
    if fault:
        ls.tell(fault, types.MessageType.Error)
        plain = replace(settings, adapter=BASE)
        if not is_rival and holder.service is None and plain != settings and holder.settle_for(settings, plain):
            await holder.load(plain, progress)
        holder.give_up(settings)
    if is_rival:
        ls.status.loaded(None, "", folder.uri)
    else:
        ls.status.loaded(holder.service, fault, folder.uri)
    bar.end(holder.service.label if holder.service else "not loaded")


async def _watch(ls: FinetabServer) -> None:
    """Follow the files that settings are read from, whoever changes them: a promotion is seen within a second."""
    loop = asyncio.get_running_loop()
    looked = -math.inf
    while not ls.was_shut_down:
        if loop.time() - looked > _DEMOTION_SECONDS:
            looked = loop.time()
            for folder in ls.folders:
                ls.run_beside(look_for_demotion(ls, folder))
        for folder in ls.folders:
            try:
                if await loop.run_in_executor(None, folder.stamp) != folder.seen:
                    follow(ls, folder)
            except Exception:  # noqa: BLE001 - the edge: what one folder says must not end the watch
                _LOG.exception("the settings of %s cannot be followed", folder.uri)
        await asyncio.sleep(_WATCH_SECONDS)
