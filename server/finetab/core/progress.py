"""How long work reports its progress: a plain call, so that a terminal, an editor or a test can listen."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, float], None]
"""Called with what is being done and the share done, from 0 to 1."""


def silent(stage: str, share: float) -> None:
    """A listener that does nothing."""
