"""`didChangeStatus`: what finetab is doing, in the shape that Copilot's clients know, for a status bar.

Sent only to clients that ask for it in `initializationOptions`: with `status: true` (bare, or under `finetab`), or with
`editorInfo`, as Copilot's clients do. Others would log a notification that they do not know.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from finetab.completion.request import Service
from finetab.core.progress import Progress

METHOD = "didChangeStatus"
# What comes from memory is there sooner, and a light that flickers at each key says nothing.
_BUSY_AFTER_S = 0.05
_SECTION = "finetab"
_WISH = "status"
_COPILOT = ("editorInfo", "editorPluginInfo")
_KINDS = ("Inactive", "Normal", "Warning", "Error")  # the worst one last
_NOTHING: Mapping[str, Any] = {"busy": False, "kind": "Inactive", "message": "no model is loaded"}


class Status:
    """Tells the client when what finetab does has changed, if the client wants to know. Used on the event loop."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._is_wanted = False
        self._last: Mapping[str, Any] = {}
        self._at_rest: dict[str, dict[str, Any]] = {}
        """By folder, the last loaded one last."""
        self._num_working = self._num_loading = 0
        self._trouble: dict[str, str] = {}

    def heed(self, options: Any) -> Any:
        """Read from a client's options whether it wants to be told; gives the options without what says so."""
        if not isinstance(options, dict):
            return options
        section = options.get(_SECTION)
        inner = section if isinstance(section, dict) else {}
        self._is_wanted = _COPILOT[0] in options or True in (options.get(_WISH), inner.get(_WISH))
        left = {key: value for key, value in options.items() if key not in (*_COPILOT, _WISH)}
        if inner:
            left[_SECTION] = {key: value for key, value in inner.items() if key != _WISH}
        return left

    def loading(self, progress: Progress) -> Progress:
        """The same progress, told as status as well. It may be called from any thread."""
        loop = asyncio.get_running_loop()

        def tell(stage: str, share: float) -> None:
            self._tell({"busy": True, "kind": "Inactive", "message": stage, "percentage": round(share * 100)})

        def report(stage: str, share: float) -> None:
            progress(stage, share)
            loop.call_soon_threadsafe(tell, stage, share)

        self._num_loading += 1
        tell("loading the model", 0.0)
        return report

    def loaded(self, service: Service | None, fault: str, folder: str = "") -> None:
        """Loading has ended; `fault` says why in vain, which is a warning while the model before goes on to answer."""
        self._num_loading -= 1
        if service is not None:
            kind, names = "Warning" if fault else "Normal", {"base": service.base, "adapter": service.adapter}
            self._rest(folder, {"busy": False, "kind": kind, "message": fault or service.label, **names})
        elif fault:
            self._rest(folder, {"busy": False, "kind": "Error", "message": fault})
        elif self._num_loading:  # what was loaded is not wanted any more, and the next is under way
            return
        self._trouble.pop(folder, None)
        self._tell(self._resting())

    def asked(self, fault: str, folder: str = "") -> None:
        """The model has been asked and, where there is a fault, could not answer: a warning until it answers again."""
        if fault != self._trouble.get(folder, ""):
            self._trouble[folder] = fault
            if not self._is_loading():
                self._tell(self._resting())

    def keep(self, folders: Collection[str]) -> None:
        """Only these are open now."""
        self._at_rest = {folder: status for folder, status in self._at_rest.items() if folder in folders}
        self._trouble = {folder: fault for folder, fault in self._trouble.items() if folder in folders}

    def _rest(self, folder: str, status: dict[str, Any]) -> None:
        self._at_rest.pop(folder, None)
        self._at_rest[folder] = status

    def _resting(self) -> Mapping[str, Any]:
        """The folder's that is worst off, of equal ones the one that was loaded last."""
        folders = [*(self._trouble.keys() - self._at_rest.keys()), *self._at_rest]
        states = [self._resting_in(folder) for folder in reversed(folders)]
        return max(states, key=lambda state: _KINDS.index(state["kind"]), default=_NOTHING)

    def _resting_in(self, folder: str) -> Mapping[str, Any]:
        status, trouble = self._at_rest.get(folder, _NOTHING), self._trouble.get(folder)
        return {**status, "busy": False, "kind": "Warning", "message": trouble} if trouble else status

    @contextmanager
    def working(self) -> Iterator[None]:
        """A completion is being worked out; told when it takes so long that the model must have been asked."""
        busy = asyncio.get_running_loop().call_later(_BUSY_AFTER_S, self._tell_busy)
        self._num_working += 1
        try:
            yield
        finally:
            busy.cancel()
            self._num_working -= 1
            if self._num_working == 0 and self._last.get("busy") and not self._is_loading():
                self._tell(self._resting())

    def _tell_busy(self) -> None:
        if not self._is_loading():
            self._tell({**self._resting(), "busy": True})

    def _is_loading(self) -> bool:
        return self._num_loading > 0

    def _tell(self, status: Mapping[str, Any]) -> None:
        if status != self._last:
            self._last = status
            if self._is_wanted:
                self._send(dict(status))
