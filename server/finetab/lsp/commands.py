"""`workspace/executeCommand`: why there was no suggestion, and which adapters there are."""

import asyncio
from pathlib import Path
from typing import Any

from finetab.adapters.listing import library_folder, manifests_in
from finetab.core.pointer import adapters_of
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
