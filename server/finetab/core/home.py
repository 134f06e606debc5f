"""`~` in what a user names: a shell expands it only where a word begins with it and nothing quotes it."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any


def from_home(value: Any) -> Any:
    """A path, a text that begins with one, or several, with `~` as the home folder; anything else as it is."""
    if isinstance(value, list):
        return [from_home(each) for each in value]
    # Unlike `Path.expanduser`, this leaves a `~name` alone that is no user's.
    return type(value)(os.path.expanduser(value)) if isinstance(value, str | Path) else value


def expands(command: Callable[..., None]) -> Callable[..., None]:
    """A command of the command line that is given all its paths without `~`."""

    @wraps(command)
    def expanded(**given: Any) -> None:
        command(**{name: from_home(value) for name, value in given.items()})

    return expanded
