"""Which code from elsewhere stands before a cursor's own: chosen after a pause, and still while one types.

Candidates are the other open files, the files that the cursor's file imports, and what was edited lately: in files that
have been closed since, and in the file itself. What must stay out of prompts is left out, and it is said why.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from finetab.completion.related import Chunk, Related, chunks_of
from finetab.completion.request import CompletionRequest
from finetab.completion.workspace import WorkspaceFiles
from finetab.core.credentials import holds_credentials

_IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Chunks, best first, and the files that were left out, each with the reason."""

    chunks: tuple[Chunk, ...] = ()
    left_out: tuple[str, ...] = ()


class Neighbours:
    """What is related to a cursor; it stays as it is while one types, and so does the prompt.

    Safe to call from any thread, and not meant for an event loop's: it may read files.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._files = WorkspaceFiles()
        self._chosen: dict[str, tuple[float, Choice]] = {}
        self._state: tuple[frozenset[object], tuple[Chunk, ...]] = (frozenset(), ())
        """What `_related` was made of: files as they were, and chunks of the cursor's own file."""
        self._related = Related(())

    def related_to(self, request: CompletionRequest) -> Choice:
        """The choice for a request: that of the one before in this file, unless there was a pause."""
        path = request.document.path
        with self._lock:
            now = self._clock()
            asked, choice = self._chosen.get(path, (-_IDLE_SECONDS, Choice()))
            if now - asked >= _IDLE_SECONDS:
                choice = self._choose(request)
            self._chosen[path] = (now, choice)
            return choice

    def forget(self) -> None:
        """Take the next request of any file for its first."""
        self._chosen.clear()

    def _choose(self, request: CompletionRequest) -> Choice:
        candidates = self._files.around(request)
        left_out = self._files.why_not(candidates, request.folders)
        files = [document for document in candidates if document.path not in left_out]
        own = _own(request)
        # Versions do not tell: they begin anew when a file is opened anew.
        state = frozenset((document.path, hash(document.text), document.touched) for document in files), own
        if state != self._state:
            self._state, self._related = state, Related(files, own)
        best = self._related.best(request.document, request.offset)
        # A model that has read a secret may say it elsewhere.
        secret = {chunk for chunk in best if holds_credentials(chunk.text, PurePath(chunk.path).suffix)}
        reasons = left_out | {chunk.path: "holds a secret" for chunk in secret}
        return Choice(
            tuple(chunk for chunk in best if chunk not in secret),
            tuple(f"{PurePath(path).name}: {reason}" for path, reason in sorted(reasons.items())),
        )


def _own(request: CompletionRequest) -> tuple[Chunk, ...]:
    """The chunks of the cursor's own file that were edited lately, but for the one that is edited now."""
    line = request.document.text.count("\n", 0, request.offset)
    chunks = chunks_of(request.document) if request.document.touched else ()
    return tuple(chunk for chunk in chunks if chunk.was_touched and not chunk.line <= line < chunk.end)
