"""What `finetab doctor` finds to fix."""

from collections.abc import Callable
from pathlib import Path

import pytest

from finetab.doctor import examine


@pytest.mark.usefixtures("home")
def test_budgets_that_the_model_cannot_read_are_to_fix(
    tiny: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ('adapter = "none"', f'base = "{tiny("gemma3_text")}"', "prefix_tokens = 400000")
    (tmp_path / "finetab.toml").write_text("\n".join(lines))
    assert not examine(tmp_path)
    assert "prefix_tokens 400000" in " ".join(capsys.readouterr().out.split())
