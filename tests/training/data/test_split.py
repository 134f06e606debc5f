"""Splits: both sides have something, paths and seed alone decide, a new file moves few others."""

import pytest

from finetab.core.languages import LANGUAGES
from finetab_training.data.source_file import SourceFile
from finetab_training.data.split import split_by_file, split_by_source


def files_of(count: int) -> list[SourceFile]:
    return [SourceFile(f"f{index}.py", LANGUAGES[0], "x = 1\n", "s") for index in range(count)]


@pytest.mark.parametrize("count", [2, 3, 10, 500])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.9])
def test_both_sides_have_files_and_none_is_lost(count: int, share: float) -> None:
    sided = list(split_by_file(files_of(count), share, seed=0))
    assert sorted(file.path for _, file in sided) == sorted(file.path for file in files_of(count))
    tests = sum(side == "test" for side, _ in sided)
    assert 1 <= tests < count
    assert count < 500 or abs(tests / count - share) < 0.06


@pytest.mark.parametrize(("count", "share"), [(1, 0.1), (5, 0.0)])
def test_one_file_and_a_share_of_nothing_are_trained_on(count: int, share: float) -> None:
    assert {side for side, _ in split_by_file(files_of(count), share, seed=0)} == {"train"}


def test_a_file_more_moves_at_most_two_others() -> None:
    before = {file.path: side for side, file in split_by_file(files_of(40), 0.2, seed=3)}
    after = {file.path: side for side, file in split_by_file(files_of(41), 0.2, seed=3)}
    assert sum(before[path] != after[path] for path in before) <= 2
    assert before != {file.path: side for side, file in split_by_file(files_of(40), 0.2, seed=4)}


def test_whole_sources_are_kept_back() -> None:
    names = [f"package:{letter}" for letter in "abcdefghij"]
    sides = split_by_source(names, 0.2, seed=0)
    assert sum(side == "test" for side in sides.values()) == 2
    assert split_by_source(names[:1], 0.2, seed=0) == {"package:a": "train"}
