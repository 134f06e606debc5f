"""Cleaning: a table of cases for each filter."""

import pytest

from finetab.completion.postprocess import clean
from finetab.completion.request import CompletionRequest
from finetab.documents import open_document


def request_at(marked: str) -> CompletionRequest:
    return CompletionRequest(open_document("a.py", marked.replace("|", "", 1)), marked.index("|"))


@pytest.mark.parametrize(
    ("marked", "generated", "left"),
    [
        # the rest of the line is already there
        ("foo(|)\n", "a, b)", "a, b"),
        ("foo(|)\n", "str(x)", "str(x)"),
        ("foo(|)\n", "str(x))", "str(x)"),
        ("foo(bar(|))\n", "a))", "a"),
        ("x = [|]\n", "1, 2]", "1, 2"),
        ('x = "|"\n', 'hello"', "hello"),
        ('x = "|"\n', 'a" + "b"', 'a" + "b'),
        ("x = | + offset\n", "width + offset", "width"),
        ("x = |\n", "f(a)", "f(a)"),
        ("return |ab\n", "ab", "ab"),
        # the next line is already there
        ("a = 1\n|\nreturn a\n", "return a", ""),
        ("a = 1\n|\nreturn a\n", "b = 2\nreturn a", "b = 2"),
        ("f(|\n)\n", "x\n)", "x"),
        ("x = |\ny = 2\n", "1", "1"),
        # repetition
        ("|\n", "a = 1\na = 1\na = 1\na = 1", "a = 1"),
        ("|\n", "a = 1\na = 1", "a = 1\na = 1"),
        ("x = |\n", "foo(bar) + foo(bar) + foo(bar) + ", "foo(bar) +"),
        # ends
        ("x = |\n", "1  ", "1"),
        ("x = |\n", "caf\ufffd", "caf"),
        ("|\n", "a = 1  \n  b = 2\n\n", "a = 1\n  b = 2"),
        ("|\n", "   \n ", ""),
    ],
)
def test_cleaned_text(marked: str, generated: str, left: str) -> None:
    assert clean(generated, request_at(marked))[0] == left


@pytest.mark.parametrize(
    ("marked", "generated", "name"),
    [("a = 1\n|\nreturn a\n", "return a", "next line repeated"), ("f(|)\n", ")", "suffix overlap"),
     ("|\n", "\ufffd", "broken character"), ("|\n", "fine", ""), ("|\n", "  ", "")],
)  # fmt: skip
def test_the_filter_that_takes_everything_is_named(marked: str, generated: str, name: str) -> None:
    assert clean(generated, request_at(marked))[1] == name
