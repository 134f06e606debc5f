"""Near-duplicates and evaluation texts are recognised; what only looks alike is not."""

from random import Random

import pytest

from finetab_training.data.decontaminate import Evaluations
from finetab_training.data.near_duplicates import NearDuplicates, signature_of


def text_of(seed: int, lines: int = 60) -> str:
    generator = Random(seed)
    return "".join(
        f"value_{generator.randrange(500)} = compute_{generator.randrange(500)}({generator.randrange(99)})\n"
        for _ in range(lines)
    )


def test_a_lightly_edited_copy_is_a_twin_and_another_file_is_none() -> None:
    twins = NearDuplicates()
    text = text_of(0)
    edited = text.replace("\n", "\n\n").replace("value_", "value_", 1) + "last = 1\n"
    assert twins.twin_of("a", signature_of(text)) is None
    assert twins.twin_of("b", signature_of(edited)) == "a"
    assert twins.twin_of("c", signature_of(text_of(1))) is None
    half = text.splitlines(keepends=True)[:30] + text_of(2).splitlines(keepends=True)[:30]
    assert twins.twin_of("d", signature_of("".join(half))) is None


def test_short_files_are_not_judged() -> None:
    assert signature_of("x = 1\n") is None
    assert NearDuplicates().twin_of("a", None) is None


@pytest.mark.parametrize(("share", "is_in"), [(1.0, True), (0.7, True), (0.2, False), (0.0, False)])
def test_a_file_that_holds_half_of_an_evaluation_s_text_is_recognised(share: float, is_in: bool) -> None:
    lines = text_of(5).splitlines(keepends=True)
    file = text_of(6) + "".join(lines[: round(share * len(lines))]) + text_of(7)
    assert Evaluations([text_of(4), "".join(lines)]).are_in(file) is is_in


def test_without_evaluations_everything_passes() -> None:
    assert not Evaluations([]).are_in(text_of(0))
