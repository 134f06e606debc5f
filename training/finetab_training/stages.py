"""The stages of a long command: said when they begin, and how long each took when all are done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Stages:
    """Says which stage runs and how long each took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, words: str) -> Iterator[None]:
        """One stage, announced and timed."""
        self.console.rule(f"[bold]{len(self.seconds) + 1}. {name}[/bold]", align="left")
        self.console.print(words, highlight=False)
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started

    def summary(self) -> str:
        """Time by stage."""
        parts = [f"{name} {seconds:.0f} s" for name, seconds in self.seconds.items()]
        return f"{' · '.join(parts)} · in all {sum(self.seconds.values()):.0f} s"
