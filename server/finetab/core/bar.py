"""A progress bar, for whoever looks at it and whoever reads a log later."""

import time
from typing import Any

from rich.progress import Progress, ProgressColumn, TaskID

_SECONDS = 60.0  # from a line to the next


class Bar(Progress):
    """Rich's bar. Where it is not drawn, since nobody looks at a terminal, it says once a minute how far things are."""

    def __init__(self, *columns: str | ProgressColumn, **options: Any) -> None:
        super().__init__(*columns, **options)
        self._told = time.monotonic()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """See `Progress.advance`."""
        super().advance(task_id, advance)
        self._tell()

    def update(self, task_id: TaskID, **fields: Any) -> None:
        """See `Progress.update`."""
        super().update(task_id, **fields)
        self._tell()

    def _tell(self) -> None:
        if self.console.is_terminal or time.monotonic() - self._told < _SECONDS:
            return
        self._told = time.monotonic()
        self.console.print(self.get_renderable())
