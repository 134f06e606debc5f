"""What stays within the brackets or quotes around a cursor."""

import pytest
from tests.server.completion.test_postprocess import request_at

from finetab.completion.pairing import num_quotes, stay_within_pair, up_to_bracket, up_to_quote


@pytest.mark.parametrize(
    ("marked", "text", "inside"),
    [
        ("f(|)\n", "a):\n    return g(1)", "a"),  # several lines: what they open is not what stands there
        ("f(|)\n", 'a, ")"):', 'a, ")"'),  # a bracket in a string closes nothing
        ("f(g(|))\n", "a)) + f(g(b", "a)) + f(g(b"),
        ("f(\n    g(|)\n)\n", "a) + 1", "a"),
        ('x = "a|"\n', 'b" + "c', 'b" + "c'),
        ('x = |"a"\n', '"b" + ', '"b" + '),  # before the quotes, not within them
        ("x = |\n", "f(a)", "f(a)"),
    ],
)
def test_what_goes_on_behind_a_pair_is_taken_away(marked: str, text: str, inside: str) -> None:
    assert stay_within_pair(text, request_at(marked)) == inside


def test_a_pair_that_nothing_ends_is_left_whole() -> None:
    assert up_to_bracket(request_at("f(|)\n"), "g(a), b") == "g(a), b"
    assert up_to_quote(r"it\'s", "'") == r"it\'s"


def test_a_quote_behind_a_backslash_is_a_letter() -> None:
    assert (num_quotes(r"it\'s'", "'"), num_quotes(r"a\\'", "'")) == (1, 1)
