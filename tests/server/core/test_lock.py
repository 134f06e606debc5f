"""A lock file: one holder at a time, and what goes wrong meanwhile is told as what it is."""

from pathlib import Path

import pytest
from filelock import Timeout

from finetab.core.lock import held, is_held
from finetab.errors import BadInput


def test_a_lock_has_one_holder_and_is_free_after_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_held(lock)
    assert not lock.exists()  # who only looks leaves nothing behind
    with held(lock, BadInput("busy")):
        assert is_held(lock)
        with pytest.raises(BadInput, match="busy"), held(lock, BadInput("busy")):
            pass
    assert not is_held(lock)


def test_a_lock_that_something_else_waited_for_in_vain_is_not_taken_for_this_one(tmp_path: Path) -> None:
    with pytest.raises(Timeout), held(tmp_path / "lock", BadInput("busy")):
        raise Timeout("another")
    assert not is_held(tmp_path / "lock")
