"""Work in a process of its own: its peak memory is its own, a kill of it is survived, and it ends with this process.

Linux lets a new process begin with its parent's peak memory, so that what starts one stays small until all are done.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from finetab.core.quiet import quiet_libraries
from finetab.errors import FinetabError, Interrupted

_LAST_STEP_SECONDS = 60
"""What an interrupted training is given to keep a checkpoint."""
_LOOK_SECONDS = 1


def run_alone(work: Callable[..., None], *arguments: Any) -> None:
    """Call a function of a module in a process of its own, and wait for it.

    Raises what it raised where that is a `FinetabError`, and one with the reason where it ended otherwise. Ctrl-C gives
    it time to keep what it has.
    """
    context = multiprocessing.get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(tell, work, arguments), daemon=True)
    process.start()
    tell.close()
    try:
        with told:
            error = _received(told, process)
        process.join()
    except KeyboardInterrupt:
        process.join(_LAST_STEP_SECONDS)  # the terminal has interrupted it as well
        raise
    if error is not None:
        raise error
    if process.exitcode:
        raise FinetabError(_ended(process.exitcode))


def _received(told: Connection, process: SpawnProcess) -> FinetabError | None:
    """What it tells before it ends: read while it runs, since a pipe holds no long sentence.

    The pipe of one that was killed stays open as long as a child of its own lives, so that its end alone says nothing.
    """
    while process.is_alive() and not told.poll(_LOOK_SECONDS):
        pass
    try:
        error: FinetabError | None = told.recv() if told.poll() else None
    except (EOFError, OSError):  # killed in the middle of it
        return None
    return error


def _work(tell: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    quiet_libraries()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(*arguments)
    except FinetabError as error:
        tell.send(error)
    except KeyboardInterrupt:
        tell.send(Interrupted("Stopped."))
    except Exception as error:
        tell.send(FinetabError(f"{type(error).__name__}: {error}"))
        raise


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _ended(exit_code: int) -> str:
    if exit_code == -9:
        return "The process was killed, as systems do when memory runs out."
    return f"The process ended with exit code {exit_code}."
