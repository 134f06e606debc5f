"""The ids that may begin what is wanted, or what is not, whichever way a tokenizer cuts blanks and words."""

from collections.abc import Callable

import pytest
from tests.conftest import byte_tokenizer, word_tokenizer
from tokenizers import Tokenizer as Backend

from finetab.completion.leaning import leaning
from finetab.completion.missing import Missing
from finetab.completion.unwanted import Unwanted
from finetab.completion.wanted import Wanted
from finetab.core.tokenizer import Tokenizer
from finetab.engine.base import Lean

RETURN = "return"
UNWANTED = Unwanted(("#",), (RETURN,), 4, "    ")
WANTED = Wanted(("total",), (), "    ", (4,), 4, is_defined=False)


@pytest.mark.parametrize("backend", [byte_tokenizer, word_tokenizer])
def test_following_what_is_favoured_spells_the_name_and_then_nothing(backend: Callable[[], Backend]) -> None:
    tokenizer = Tokenizer(backend())
    tail = tokenizer.encode("    ")
    likelier = leaning(tokenizer, tail, WANTED, None)
    for start in ("", "  ", "   "):  # a tail is said again, in as many tokens as the model likes
        said = tokenizer.encode(start)
        while "total" not in tokenizer.decode(said) and len(said) < 12:
            ids = likelier.after(said).favoured
            said.append(int(ids[0]) if ids is not None else tokenizer.encode(" ")[0])
        assert tokenizer.decode(said) == "    total"
        assert likelier.after(said) == Lean()
        assert likelier.after([*said, *tokenizer.encode(" = 0\n    ")]) == Lean()


def test_where_nothing_is_known_the_model_is_believed() -> None:
    tokenizer = Tokenizer(byte_tokenizer())
    nothing = leaning(tokenizer, [], None, None)
    assert (nothing.after([]), dict(nothing.told)) == (Lean(), {})
    assert leaning(tokenizer, [], WANTED, None).told["wanted"]["names"] == ("total",)
    assert leaning(tokenizer, [], None, UNWANTED).told["unwanted"]["comments"] == ("#",)


@pytest.mark.parametrize("backend", [byte_tokenizer, word_tokenizer])
def test_what_is_unwanted_is_shunned_until_the_line_has_begun(backend: Callable[[], Backend]) -> None:
    tokenizer = Tokenizer(backend())
    lean = leaning(tokenizer, tokenizer.encode("    "), None, UNWANTED)

    def shunned(said: str) -> list[str]:
        ids = lean.after(tokenizer.encode(said)).shunned
        return [] if ids is None else [tokenizer.decode([int(index)]) for index in ids]

    assert {text.lstrip()[0] for text in shunned("  ")} == {"#"}
    assert "#" in shunned("    ")
    words = tokenizer.vocabulary
    assert (RETURN in shunned("    ")) == bool(len(words.equal_to(RETURN)))
    assert (f" {RETURN}" in shunned("   ")) == bool(len(words.equal_to(f" {RETURN}")))
    assert shunned("    x") == []
    assert RETURN not in shunned("        ")  # further in, it cuts nothing off


def test_an_import_is_spelled_to_its_end() -> None:
    tokenizer = Tokenizer(word_tokenizer())
    what = Missing(("import json",), {}, ("json",), False, "", 0)
    lean, said = leaning(tokenizer, [], what, None), list[int]()
    while "\n" not in tokenizer.decode(said) and len(said) < 12:
        ids = lean.after(said).favoured
        assert ids is not None
        said.append(int(ids[0]))
    assert tokenizer.decode(said) == "import json\n"
    assert lean.told.keys() == {"missing"}


def test_a_line_break_that_the_answer_begins_with_begins_the_line_anew() -> None:
    tokenizer = Tokenizer(byte_tokenizer())
    likelier = leaning(tokenizer, [], WANTED, None)
    assert likelier.after(tokenizer.encode("\n  ")) == Lean()
    ids = likelier.after(tokenizer.encode("\n    ")).favoured
    assert ids is not None
    assert "t" in [tokenizer.decode([int(index)]) for index in ids]
