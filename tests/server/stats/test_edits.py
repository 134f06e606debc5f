"""Edits as small as they are: the text after them is the same, and what stayed is not touched."""

from random import Random

import pytest

from finetab.documents import Edit
from finetab.stats.edits import refined, trimmed, typed_between


def after(text: str, *edits: Edit) -> str:
    for edit in edits:
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text


@pytest.mark.parametrize(
    ("text", "edit", "small"),
    [
        ("ret", Edit(0, 3, "return"), Edit(3, 3, "urn")),
        ("x = (1)", Edit(0, 7, "x = (12)"), Edit(6, 6, "2")),
        ("abc", Edit(0, 3, "abc"), Edit(3, 3, "")),
        ("abc", Edit(1, 2, ""), Edit(1, 2, "")),
        ("abc", Edit(1, 1, "b"), Edit(1, 1, "b")),
        ("aaa", Edit(0, 3, "aa"), Edit(2, 3, "")),
    ],
)
def test_what_is_replaced_by_itself_is_left_out(text: str, edit: Edit, small: Edit) -> None:
    assert trimmed(text, edit) == small
    assert after(text, small) == after(text, edit)


def test_lines_that_stay_are_not_touched_by_a_formatter_that_replaces_all() -> None:
    text = "a=1\nkeep\nkeep too\nb=2\n"
    parts = refined(text, Edit(0, len(text), "a = 1\nkeep\nkeep too\nb = 2\n"))
    assert parts == [Edit(19, 20, " = "), Edit(1, 2, " = ")]


def test_parts_give_the_same_text_as_the_whole() -> None:
    generator = Random(0)
    for _ in range(500):
        text, new = ("".join(generator.choices(["a", "b", "\n", "\r\n"], k=generator.randrange(30))) for _ in range(2))
        start, end = sorted(generator.choices(range(len(text) + 1), k=2))
        edit = Edit(start, end, new)
        assert after(text, *refined(text, edit)) == after(text, edit)


def test_a_long_replacement_is_taken_as_one() -> None:
    text = "x\n" * 3_000
    assert len(refined(text, Edit(0, len(text), "y\n" * 3_000))) == 1


@pytest.mark.parametrize(
    ("before", "now", "typed"),
    [("ab", "ab", ""), ("ab", "axb", "x"), ("abb", "abbb", "b"), ("ab", "b", None), ("ab", "xab", None),
     ("ab", "abx", None)],
)  # fmt: skip
def test_what_was_typed_at_a_place_is_told_from_other_changes(before: str, now: str, typed: str | None) -> None:
    assert typed_between(before, now, 1) == typed
