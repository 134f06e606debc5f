"""A promoted adapter of which less is kept than of the base: the user is told, and can roll back with a click."""

import asyncio
import logging
from pathlib import Path

from lsprotocol import types

from finetab.adapters.rollback import Rollback, roll_back
from finetab.core.blend import called
from finetab.core.pointer import BASE, WITHOUT_ADAPTER, read_pointer
from finetab.errors import FinetabError
from finetab.lsp.folders import Folder
from finetab.lsp.session import FinetabServer
from finetab.stats.database import read_rows
from finetab.stats.mark import mark_of
from finetab.stats.trial import is_worse, kept_of

_LOG = logging.getLogger(__name__)
_ROLL_BACK = "Roll Back"


async def look_for_demotion(ls: FinetabServer, folder: Folder) -> None:
    """Compare what is kept of the promoted adapter's suggestions with what is kept of the base's, and act on it."""
    root, wish = folder.root, folder.settings.demotion
    if root is None or wish == "never" or not folder.settings.statistics:
        return
    loop = asyncio.get_running_loop()
    try:
        adapter = await loop.run_in_executor(None, _worse_than_base, root, ls.recorder.store.path)
        if not adapter:
            return
        says = f"Of what {adapter} suggests, less is kept than of what the base suggested."
        if wish == "auto" or await _agrees(ls, says):
            moved = await loop.run_in_executor(None, _roll_back, root, adapter)
            if moved is not None:
                ls.tell(f"{says} {moved.now} is in force again. {moved.passed_over}".rstrip(), types.MessageType.Info)
    except (FinetabError, OSError) as error:
        _LOG.warning("no look at what is kept of suggestions: %s", error)


def _worse_than_base(root: Path, statistics: Path) -> str:
    """The promoted adapter's name if it does worse than the base, else ""."""
    adapter = called(read_pointer(root).adapter)
    if adapter in WITHOUT_ADAPTER:
        return ""
    rows, mark = read_rows(statistics), mark_of(root)
    is_bad = is_worse(kept_of(rows, mark, adapter), kept_of(rows, mark, BASE))
    return adapter if is_bad else ""


async def _agrees(ls: FinetabServer, says: str) -> bool:
    """Ask, once in a session."""
    if says in ls.asked:
        return False
    ls.asked.add(says)
    actions = [types.MessageActionItem(title=_ROLL_BACK), types.MessageActionItem(title="Keep It")]
    params = types.ShowMessageRequestParams(type=types.MessageType.Warning, message=says, actions=actions)
    chosen = await ls.window_show_message_request_async(params)
    return chosen is not None and chosen.title == _ROLL_BACK


def _roll_back(root: Path, adapter: str) -> Rollback | None:
    if called(read_pointer(root).adapter) != adapter:  # somebody has moved it meanwhile
        return None
    return roll_back(root)
