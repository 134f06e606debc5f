"""Loose ends: found where a longer token begins like them, and said anew with tokens that fit."""

import pytest

from finetab.core.vocabulary import Vocabulary

TEXTS = ["r", "e", "t", "u", "n", "ret", "return", "returned", " ", " return", "\n", "\n ", "\n\n", "", "ur", "x"]


def fit(text: str) -> set[str]:
    return {TEXTS[index] for index in Vocabulary(TEXTS).that_fit(text)}


@pytest.mark.parametrize(
    ("end", "is_loose"),
    [
        ("retur", True),
        ("return", True),
        ("returned", False),
        (" ", True),
        ("x", False),
        ("", True),
        ("\n", True),  # by "\n ", not by "\n\n"
        ("\n ", False),
        ("ré", False),  # no token for é: it could not be said
    ],
)
def test_an_end_is_loose_where_a_longer_token_begins_like_it(end: str, is_loose: bool) -> None:
    assert Vocabulary(TEXTS).is_loose(end) is is_loose


def test_what_fits_begins_with_the_text_or_is_its_beginning() -> None:
    assert fit("retur") == {"r", "ret", "return", "returned"}
    assert fit(" ") == {" ", " return"}


def test_a_line_break_is_not_followed_by_another() -> None:
    assert fit("\n") == {"\n", "\n "}
