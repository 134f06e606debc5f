"""Work in a thread of its own, which is gone afterwards, whatever comes of it."""

import threading

import pytest

from finetab.core.passing import in_passing_thread


def test_the_thread_is_another_one_and_ends() -> None:
    before = threading.active_count()
    thread = in_passing_thread(threading.current_thread)
    assert thread is not threading.current_thread()
    assert not thread.is_alive()
    assert threading.active_count() == before


def test_what_fails_in_it_fails_here() -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="invalid literal"):
        in_passing_thread(int, "one")
    assert threading.active_count() == before
