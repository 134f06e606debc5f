"""How wide commands print: nobody's terminal cuts names short in a pipe."""

import pytest
from rich.table import Table

from finetab.core.console import WIDE, open_console


def test_in_a_pipe_a_long_name_stays_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table("name", "licence", box=None)
    table.add_row("a" * 70, "b" * 70)
    open_console().print(table)
    assert f"{'a' * 70}  {'b' * 70}" in capsys.readouterr().out
    assert open_console(stderr=True).width == WIDE


def test_columns_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert open_console().width == 50
