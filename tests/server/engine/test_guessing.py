"""Guesses by lookup: where they come from, how long they are, and what is learned from how they went."""

from math import inf

import numpy as np

from finetab.core.vocabulary import Ids
from finetab.engine.guessing import Guesses

COST = 0.1


def text(*ids: int) -> Ids:
    return np.array(ids, dtype=np.int64)


def test_the_longest_match_counts_wherever_it_stands() -> None:
    guesser = Guesses(COST).begin([9, 3, 50, 1, 2, 3], [text(7, 1, 2, 3, 60, 61), text(2, 3, 70)])
    assert guesser.guess([], 2) == [60, 61]


def test_of_equal_matches_the_last_one_in_the_prompt_counts() -> None:
    guesser = Guesses(COST).begin([1, 2, 50, 1, 2, 51, 1, 2], [text(1, 2, 60)])
    assert guesser.guess([], 1) == [51]


def test_what_was_said_is_part_of_the_match_and_may_be_said_again() -> None:
    guesser = Guesses(COST).begin([8, 9], [])
    assert guesser.guess([4, 5, 6, 4, 5], 1) == [6]


def test_a_guess_ends_with_its_text() -> None:
    assert Guesses(COST).begin([1, 2], [text(1, 2, 60), text(7)]).guess([], 9) == [60]


def test_nothing_is_guessed_without_a_match_or_without_room_or_where_it_does_not_pay() -> None:
    assert Guesses(COST).begin([1, 2], [text(3, 4)]).guess([], 9) == []
    assert Guesses(COST).begin([1, 2], [text(1, 2, 3)]).guess([], 0) == []
    assert Guesses(inf).begin([1, 2], [text(1, 2, 3)]).guess([], 9) == []


def test_the_answer_before_is_guessed_again() -> None:
    guesses = Guesses(COST)
    guesses.remember([1, 2, 3], [4, 5, 6])
    assert guesses.begin([1, 2, 3, 4], []).guess([], 2) == [5, 6]


def test_what_proves_right_is_guessed_further_and_what_proves_wrong_less() -> None:
    source = text(1, 2, *range(10, 40))
    first = len(Guesses(COST).begin([1, 2], [source]).guess([], 99))
    for came, is_longer in ((lambda guess: [*guess, 99], True), (lambda guess: [99], False)):
        guesses = Guesses(COST)
        for _ in range(50):
            guesser = guesses.begin([1, 2], [source])
            guesser.check(came(guesser.guess([], 99)))
        last = len(guesses.begin([1, 2], [source]).guess([], 99))
        assert last > first if is_longer else last < first


def test_only_what_was_looked_at_counts_as_guessed_wrong() -> None:
    guesses = Guesses(COST)
    guesser = guesses.begin([1, 2], [text(1, 2, 3, 4)])
    guesser.guess([], 2)
    guesser.check([3])  # the answer ended there
    assert (guesser.num_guessed, guesser.num_right) == (2, 1)
    guesser = guesses.begin([1, 2], [text(1, 2, 3, 4)])
    guesser.guess([7], 2)
    guesser.check([8, 3])  # what came before the guess is no longer what was said
    assert guesser.num_right == 0
