"""The ids that may begin what is wanted, whichever way a tokenizer cuts blanks and words."""

from collections.abc import Callable

import pytest
from tests.conftest import byte_tokenizer, word_tokenizer
from tokenizers import Tokenizer as Backend

from finetab.completion.favour import favoured
from finetab.completion.wanted import Wanted
from finetab.core.tokenizer import Tokenizer

WANTED = Wanted(("total",), (), "    ", (4,), 4, is_defined=False)


@pytest.mark.parametrize("backend", [byte_tokenizer, word_tokenizer])
def test_following_what_is_favoured_spells_the_name_and_then_nothing(backend: Callable[[], Backend]) -> None:
    tokenizer = Tokenizer(backend())
    tail = tokenizer.encode("    ")
    likelier = favoured(tokenizer, tail, WANTED)
    for start in ("", "  ", "   "):  # a tail is said again, in as many tokens as the model likes
        said = tokenizer.encode(start)
        while "total" not in tokenizer.decode(said) and len(said) < 12:
            ids = likelier.ids(said)
            said.append(int(ids[0]) if ids is not None else tokenizer.encode(" ")[0])
        assert tokenizer.decode(said) == "    total"
        assert likelier.ids(said) is None
        assert likelier.ids([*said, *tokenizer.encode(" = 0\n    ")]) is None


def test_without_anything_wanted_nothing_is_favoured() -> None:
    tokenizer = Tokenizer(byte_tokenizer())
    nothing = favoured(tokenizer, [], None)
    assert (nothing.ids([]), dict(nothing.told)) == (None, {})
    assert favoured(tokenizer, [], WANTED).told["names"] == ("total",)


def test_a_line_break_that_the_answer_begins_with_begins_the_line_anew() -> None:
    tokenizer = Tokenizer(byte_tokenizer())
    likelier = favoured(tokenizer, [], WANTED)
    assert likelier.ids(tokenizer.encode("\n  ")) is None
    ids = likelier.ids(tokenizer.encode("\n    "))
    assert ids is not None
    assert "t" in [tokenizer.decode([int(index)]) for index in ids]
