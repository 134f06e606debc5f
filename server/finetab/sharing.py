"""The engine that all editors of one user share: found where it is expected, else started, and started again.

It listens on a Unix socket in a folder that only this user can enter. Whoever comes first starts it; of two that come
at once one finds the place taken and ends. It ends by itself when nobody has asked for a while.
"""

import json
import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import platformdirs

from finetab import __version__
from finetab.core.base import Base
from finetab.core.private import is_private
from finetab.core.progress import Progress
from finetab.engine.connection import Address
from finetab.engine.http_engine import HttpEngine
from finetab.errors import BadSetting, EngineAway
from finetab.serving.place import is_taken
from finetab.settings import Settings

_IDLE_SECONDS = 1800
_START_SECONDS = 180.0  # a large model from a slow disk
_LOOK_SECONDS = 0.1


class SharedEngine:
    """The engine for a base and for how its weights are to be held. Safe to call from any thread."""

    def __init__(self, settings: Settings, base: Base) -> None:
        way = {"device": settings.device, "dtype": settings.dtype, "quantisation": settings.quantisation}
        name = sha256(json.dumps([__version__, base.name, base.fingerprint, way]).encode()).hexdigest()[:16]
        self._socket = str(private_folder() / f"{name}.sock")
        self._log = Path(platformdirs.user_state_path("finetab")) / f"engine-{name}.log"
        options = [part for key, value in {"base": base.name, **way}.items() for part in (f"--{key}", value)]
        place = ["--socket", self._socket, "--idle", str(_IDLE_SECONDS)]
        self._command = [sys.executable, "-m", "finetab", "engine", *options, *place]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("http://finetab", socket=self._socket)

    def start(self) -> None:
        """Start it where nobody has; it is of use some seconds later."""
        if is_taken(self._socket) or (self._process is not None and self._process.poll() is None):
            return
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=Path(self._socket).parent,
                start_new_session=True,  # it outlives who started it
            )

    def wait(self, engine: HttpEngine, progress: Progress) -> None:
        """Until it answers. Raises `BadSetting` with its own words where it cannot start, `EngineAway` after long."""
        began = time.monotonic()
        while True:
            try:
                engine.check()
                return
            except EngineAway:
                waited = time.monotonic() - began
                if self._process is not None and self._process.poll() and not is_taken(self._socket):
                    raise BadSetting(f"The shared engine could not start: {self._last_words()}") from None
                if waited > _START_SECONDS:
                    raise
                self.start()  # the one that had the place may just have ended
            progress("starting the shared engine", min(0.9, waited / 10))
            time.sleep(_LOOK_SECONDS)

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1].removeprefix("finetab: ") if lines else f"{self._log} is empty."


def private_folder() -> Path:
    """The folder of the sockets, which nobody else may enter. Raises `BadSetting` where there can be none."""
    if os.name != "posix":
        raise BadSetting("An engine is shared over a Unix socket, which this system does not have; set engine to own.")
    folder = Path(platformdirs.user_runtime_path("finetab"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(folder):
        raise BadSetting(f"{folder} must be a folder that only you can enter; delete it, or run: chmod 700 {folder}")
    return folder
