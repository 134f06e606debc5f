"""Where commands print: as wide as the terminal, and in a pipe or a log wide enough that no name is cut short."""

import os

from rich.console import Console

WIDE = 200
"""Columns where nobody looks at a terminal; rich would assume 80."""


def open_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console on stdout or stderr; `COLUMNS` overrides its width, as everywhere."""
    console = Console(stderr=stderr, quiet=quiet)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE
    return console
