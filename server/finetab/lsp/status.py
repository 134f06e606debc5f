"""`didChangeStatus`: what finetab is doing, in the shape that Copilot's clients know, for a status bar.

Sent only to clients that ask for it in `initializationOptions`: with `status: true` (bare, or under `finetab`), or with
`editorInfo`, as Copilot's clients do. Others would log a notification that they do not know.
"""

import asyncio
from collections.abc import Callable, Iterator
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


class Status:
    """Tells the client when what finetab does has changed, if the client wants to know. Used on the event loop."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._is_wanted = False
        self._last: dict[str, Any] = {}
        self._at_rest: dict[str, Any] = {"busy": False, "kind": "Inactive", "message": "no model is loaded"}
        self._num_working = self._num_loading = 0
        self._trouble = ""

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

    def loaded(self, service: Service | None, fault: str) -> None:
        """Loading has ended; `fault` says why in vain, which is a warning while the model before goes on to answer."""
        self._num_loading -= 1
        if service is not None:
            kind, names = "Warning" if fault else "Normal", {"base": service.base, "adapter": service.adapter}
            self._at_rest = {"busy": False, "kind": kind, "message": fault or service.label, **names}
        elif fault:
            self._at_rest = {"busy": False, "kind": "Error", "message": fault}
        elif self._num_loading:  # what was loaded is not wanted any more, and the next is under way
            return
        self._trouble = ""
        self._tell(self._at_rest)

    def asked(self, fault: str) -> None:
        """The model has been asked and, where there is a fault, could not answer: a warning until it answers again."""
        if fault != self._trouble:
            self._trouble = fault
            if not self._is_loading():
                self._tell(self._resting())

    def _resting(self) -> dict[str, Any]:
        if not self._trouble:
            return self._at_rest
        return {**self._at_rest, "busy": False, "kind": "Warning", "message": self._trouble}

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

    def _tell(self, status: dict[str, Any]) -> None:
        if status != self._last:
            self._last = status
            if self._is_wanted:
                self._send(status)
