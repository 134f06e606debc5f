"""The cursor in a text field."""

import pytest

from finetab.errors import BadInput, BadPosition
from finetab_training.dashboard.cursor import MARK, accepted, moved, put, split


def test_a_mark_says_where_the_cursor_is() -> None:
    assert split(f"a = {MARK}\nb") == ("a = \nb", 4)
    assert put("a = \nb", 4) == f"a = {MARK}\nb"


@pytest.mark.parametrize("text", ["", "a", f"{MARK}a{MARK}"])
def test_a_text_without_one_mark_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=f"holds {text.count(MARK)} marks"):
        split(text)


def test_a_mark_is_moved_to_a_line_and_column_wherever_it_stood() -> None:
    assert moved(f"{MARK}a = 1\nb = 2", 2, 5) == f"a = 1\nb = {MARK}2"
    assert moved("a = 1\nb = 2", 1, 1) == f"{MARK}a = 1\nb = 2"
    with pytest.raises(BadPosition, match="has 2 lines"):
        moved("a\nb", 3, 1)


def test_an_accepted_answer_stands_before_the_cursor() -> None:
    assert accepted(f"f({MARK})", "a, b") == f"f(a, b{MARK})"
