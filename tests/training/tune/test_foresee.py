"""What is said of a tune before it is done, and that nothing is done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.training.tune.test_tune import plan_for, told

from finetab.errors import BadFile
from finetab_training.tune.foresee import _lasts, foresee


def test_a_dry_run_says_what_would_be_and_how_long_it_takes_and_writes_nothing(
    repository: Path, tiny: Callable[[str], Path]
) -> None:
    plan = plan_for(repository, tiny("llama"))
    said = told(lambda console: foresee(plan, console))
    assert plan.name in said
    assert "6 files" in said
    assert "split by time" in said
    assert f"about {3 * 300:,} tokens" in said  # three steps of one row
    assert "1 min to train, at most 1 min to measure" in said
    assert "--random-weights" not in said  # an option of `finetab train` alone
    assert not (repository / ".finetab").exists()
    whole = told(lambda console: foresee(plan_for(repository, tiny("llama"), max_steps=0), console))
    assert f"about {3 * 300:,} tokens" not in whole


def test_a_tune_that_has_nothing_to_measure_with_is_not_foretold(project: Path, tiny: Callable[[str], Path]) -> None:
    for path in sorted(project.glob("*.py"))[1:]:
        path.unlink()
    plan = plan_for(project, tiny("llama"))
    with pytest.raises(BadFile, match=r"not cut by time but by file.* Add files, or tune a git repository"):
        told(lambda console: foresee(plan, console))


def test_hours_are_told_as_hours() -> None:
    assert [_lasts(seconds) for seconds in (3, 200, 3600, 9000)] == ["1 min", "3 min", "1 h 00 min", "2 h 30 min"]
