"""`workspace/executeCommand`: why there was no suggestion, which adapters there are, and back to the one before."""

import asyncio
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from finetab.adapters.listing import library_folder, manifests_in
from finetab.adapters.rollback import Rollback, roll_back
from finetab.core.pointer import adapters_of
from finetab.errors import FinetabError
from finetab.lsp.session import FinetabServer


def why(ls: FinetabServer, *_arguments: Any) -> list[dict[str, Any]]:
    """What became of the last requests, newest first."""
    return list(ls.requests)


async def adapters(ls: FinetabServer, *_arguments: Any) -> list[dict[str, Any]]:
    """The adapters of the library and of the workspace, newest first."""
    folders = [library_folder(), *(adapters_of(folder.root) for folder in ls.folders if folder.root)]
    holders = (holder for folder in ls.folders for holder in folder.holders)
    in_force = {holder.service.adapter for holder in holders if holder.service}
    return await asyncio.get_running_loop().run_in_executor(ls.workers, _listed, folders, in_force)


async def rollback(ls: FinetabServer, *arguments: Any) -> dict[str, str] | None:
    """Put in force again what was before the last promotion, in the folder of a URI or the main one.

    Gives the adapter in force then and the one that was; None where nothing was promoted.
    """
    uri = arguments[0].get("uri") if arguments and isinstance(arguments[0], dict) else None
    folder = next((folder for folder in ls.folders if folder.uri == uri), ls.folders.main)
    if folder.root is None:
        return None
    moved = await asyncio.get_running_loop().run_in_executor(ls.workers, _rolled_back, folder.root)
    if moved is None:
        return None
    if moved.gone:
        ls.tell(moved.passed_over, types.MessageType.Info)
    return {"adapter": moved.now, "was": moved.was}


def _rolled_back(root: Path) -> Rollback | None:
    try:
        return roll_back(root)
    except FinetabError as error:
        raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed.value) from error


def _listed(folders: list[Path], in_force: set[str]) -> list[dict[str, Any]]:
    found = [manifest for folder in folders for manifest in manifests_in(folder)]
    return [
        {
            "name": manifest.name,
            "version": manifest.version,
            "created": manifest.created,
            "base": manifest.base_name,
            "in_force": manifest.label in in_force,
        }
        for manifest in sorted(found, key=lambda manifest: str(manifest.created), reverse=True)
    ]
