"""How far things are, in a log: a line a minute, and the last state."""

from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.progress import MofNCompleteColumn, TextColumn

from finetab.core import bar as bar_module
from finetab.core.bar import Bar


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_log_is_told_once_a_minute_and_at_the_end(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0
    monkeypatch.setattr(bar_module, "time", SimpleNamespace(monotonic=lambda: seconds))
    log = StringIO()
    console = Console(file=log, force_terminal=is_terminal, width=80)
    with Bar(TextColumn("{task.description}"), MofNCompleteColumn(), console=console, auto_refresh=False) as bar:
        task = bar.add_task("answering", total=200)
        for _ in range(100):
            seconds += 1.0
            bar.advance(task)
            bar.update(task, advance=1)
    if is_terminal:
        assert "120/200" not in log.getvalue()
    else:
        assert [line.split() for line in log.getvalue().splitlines() if line] == [
            ["answering", "119/200"],
            ["answering", "200/200"],
        ]
