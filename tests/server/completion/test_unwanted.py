"""What a line at a cursor hardly ever begins with."""

from dataclasses import asdict

import pytest
from tests.server.completion.test_postprocess import request_at

from finetab.completion.request import CompletionRequest
from finetab.completion.unwanted import Unwanted, read_unwanted, unwanted
from finetab.documents import open_document
from finetab.errors import BadInput

LONG = "    # This is a line of words that is as long as lines are before they are wrapped"


def found(marked: str) -> Unwanted | None:
    return unwanted(request_at(marked), sees_below=True)


def in_language(path: str, before: str, after: str) -> Unwanted | None:
    text = before + after
    return unwanted(CompletionRequest(open_document(path, text), len(before)), sees_below=True)


def test_no_comment_and_nothing_that_cuts_off_what_follows() -> None:
    what = found("def f(x):\n    |\n    y = x\n    return y\n")
    assert what == Unwanted(("#",), ("return", "raise", "break", "continue"), 4, "    ")


def test_what_follows_counts_only_for_who_sees_it() -> None:
    request = request_at("def f(x):\n    |\n    y = x\n    return y\n")
    what = unwanted(request, sees_below=False)
    assert what is not None
    assert (what.comments, what.last) == (("#",), ())


def test_comments_below_are_not_what_follows() -> None:
    what = found("for x in y:\n    |\n    # Words.\n\n        # More of them.\nprint(x)\n")
    assert what is not None
    assert what.column == 0


@pytest.mark.parametrize("marked", ["x = 1\n|", "x = 1\n|\n\n# Words.\n"])
def test_where_nothing_follows_nothing_is_cut_off(marked: str) -> None:
    what = found(marked)
    assert what is not None
    assert what.last == ()


@pytest.mark.parametrize(
    ("above", "goes_on"),
    [
        ("    # Words", False),
        ("    # Words.\n    # More words", True),
        ("    # Words.\n    # More words.", False),
        (LONG, True),
        (f"{LONG}.", False),
        (f"{LONG}\n", False),  # a blank line ends it
        ("    x = 1  # words\n    # More words", False),
    ],
)
def test_only_a_comment_that_is_cut_off_goes_on(above: str, goes_on: bool) -> None:
    what = found(f"def f(x):\n{above}\n    |\n    return x\n")
    assert what is not None
    assert what.comments == (() if goes_on else ("#",))


@pytest.mark.parametrize("marked", ["x = |\ny = 1\n", "    ret|\n", "def f():\n    '''Words.\n    |\n    '''\n"])
def test_within_a_line_or_a_string_nothing_is_known(marked: str) -> None:
    assert found(marked) is None


@pytest.mark.parametrize("path", ["a.unknown", "a.txt"])
def test_nothing_is_known_of_other_languages(path: str) -> None:
    assert in_language(path, "a\n", "\nb\n") is None


def test_each_language_has_its_words() -> None:
    before, after = "function f() {\n  ", "\n  g();\n}\n"
    what = in_language("a.ts", before, after)
    assert what is not None
    assert (what.comments, what.last) == (("//", "/*"), ("return", "throw", "break", "continue"))
    hoisted = in_language("a.js", before, "\n  function g() {}\n}\n")
    assert hoisted is not None
    assert hoisted.last == ()  # it may be called before
    ruby = in_language("a.rb", "def f(x)\n  ", "\n  x + 1\nend\n")
    assert ruby is not None
    assert ruby.last == ()  # `return x if y` cuts nothing off


def test_what_is_told_is_read_back() -> None:
    what = found("def f(x):\n    |\n    return x\n")
    assert what is not None
    told = asdict(what) | {"comments": ["#"], "last": list(what.last)}  # as JSON has it
    assert read_unwanted(told) == what
    for wrong in ({"comments": "#"}, {"last": [""]}, {"last": ["a"] * 9}, {"left": "x"}, {"column": "4"}):
        with pytest.raises(BadInput, match="unwanted m"):
            read_unwanted(told | wrong)
    with pytest.raises(BadInput, match="unwanted must have"):
        read_unwanted({"comments": []})
