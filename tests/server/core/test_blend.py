"""Adapters named together: terms and weights as they are written, and one sentence for what is no blend."""

import pytest

from finetab.core.blend import Term, called, is_blend, names_in, parse_blend, renamed
from finetab.errors import BadInput


def test_terms_have_their_weights_or_equal_shares() -> None:
    assert parse_blend("python + mine") == (Term("python", 0.5), Term("mine", 0.5))
    assert parse_blend("a + b + ./c d") == tuple(Term(name, 1 / 3) for name in ("a", "b", "./c d"))
    assert parse_blend("0.7*python + -0.5 * mine") == (Term("python", 0.7), Term("mine", -0.5))


@pytest.mark.parametrize("text", ["mine", "c++", "a+b", "./x+y/z", ""])
def test_one_name_is_no_blend(text: str) -> None:
    assert not is_blend(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.7*a + b", "some have none"),
        ("a + ", "a place without an adapter"),
        ("a + 2*", "a place without an adapter"),
        ("x*a + y*b", '"x" in "x.a . y.b" is no weight; write it as 0.7.a'),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_blend(text)


@pytest.mark.parametrize("text", ["a + b", "0.25*a + 0.75*b"])
def test_other_names_leave_the_weights(text: str) -> None:
    changed = renamed(text, lambda name: f"/there/{name}")
    assert parse_blend(changed) == tuple(Term(f"/there/{term.name}", term.weight) for term in parse_blend(text))


def test_its_names_are_those_of_its_terms_and_a_text_that_is_no_blend_is_one_name() -> None:
    assert names_in("0.7*python + 0.3*mine") == ("python", "mine")
    assert names_in("mine") == ("mine",)
    assert names_in("mine + ") == ("mine + ",)


def test_what_cannot_be_read_keeps_its_words_and_one_name_is_renamed() -> None:
    assert renamed("mine + ", str.upper) == "mine + "
    assert renamed("mine", str.upper) == "MINE"


@pytest.mark.parametrize(
    ("text", "name"),
    [("mine", "mine"), ("/there/mine", "mine"), ("/there/a + b", "a + b"), ("2*/x/a + 0.50*b", "2*a + 0.5*b")],
)
def test_people_call_it_by_names_and_not_by_folders(text: str, name: str) -> None:
    assert called(text) == name
