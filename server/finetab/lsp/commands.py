"""`workspace/executeCommand`: why there was no suggestion, and which adapters there are."""

import asyncio
from pathlib import Path
from typing import Any

from pygls.uris import to_fs_path

from finetab.adapters.listing import library_folder, manifests_in
from finetab.lsp.session import FinetabServer

_OWN_FOLDER = ".finetab/adapters"  # in a workspace


def why(ls: FinetabServer, *_arguments: Any) -> list[dict[str, Any]]:
    """What became of the last requests, newest first."""
    return list(ls.requests)


async def adapters(ls: FinetabServer, *_arguments: Any) -> list[dict[str, Any]]:
    """The adapters of the library and of the workspace, newest first."""
    uris = [folder.uri for folder in ls.workspace.folders.values()] or [ls.workspace.root_uri or ""]
    roots = filter(None, map(to_fs_path, uris))
    folders = [library_folder(), *(Path(root) / _OWN_FOLDER for root in roots)]
    in_force = ls.holder.service.adapter if ls.holder.service else ""
    return await asyncio.get_running_loop().run_in_executor(ls.workers, _listed, folders, in_force)


def _listed(folders: list[Path], in_force: str) -> list[dict[str, Any]]:
    found = [manifest for folder in folders for manifest in manifests_in(folder)]
    return [
        {
            "name": manifest.name,
            "version": manifest.version,
            "created": manifest.created,
            "base": manifest.base_name,
            "in_force": manifest.label == in_force,
        }
        for manifest in sorted(found, key=lambda manifest: str(manifest.created), reverse=True)
    ]
