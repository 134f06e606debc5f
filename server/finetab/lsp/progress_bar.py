"""A progress bar in the editor, where it has one."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from lsprotocol import types

from finetab.core.progress import Progress
from finetab.lsp.session import FinetabServer

_LOG = logging.getLogger(__name__)
# A client that never answers must not keep the model away.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ProgressBar:
    """`report` may be called from any thread."""

    report: Progress
    end: Callable[[str], None]


async def begin_progress(ls: FinetabServer) -> ProgressBar:
    """A bar that has begun, or one that nobody sees."""
    unseen = ProgressBar(lambda stage, share: None, lambda message: None)
    window = ls.client_capabilities.window
    if window is None or not window.work_done_progress:
        return unseen
    token = str(uuid.uuid4())
    loop = asyncio.get_running_loop()
    created = loop.create_task(ls.work_done_progress.create_async(token))
    await asyncio.wait({created}, timeout=PATIENCE_SECONDS)
    if not created.done() or created.exception() is not None:
        _LOG.warning("the client took no progress bar")
        return unseen
    ls.work_done_progress.begin(token, types.WorkDoneProgressBegin(title="finetab", percentage=0))

    def send(stage: str, share: float) -> None:
        report = types.WorkDoneProgressReport(message=stage, percentage=round(share * 100))
        ls.work_done_progress.report(token, report)

    return ProgressBar(
        lambda stage, share: (loop.call_soon_threadsafe(send, stage, share), None)[1],
        lambda message: ls.work_done_progress.end(token, types.WorkDoneProgressEnd(message=message)),
    )
