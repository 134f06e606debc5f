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
        ("a = 1\n|\nvalue = first_name + other_name\n", "value = first_name + other_nane", ""),
        ("a = 1\n|\nself.b = b\n", "self.a = a", "self.a = a"),
        # what no source file means
        ("x = |\n", "1<|endoftext|>import os", "1"),
        ("t = |\n", "'ghp_" + "0123456789abcdefghij" + "0123456789abcdef'", ""),
        # brackets that close nothing
        ("x = |\n", "f(a))", "f(a)"),
        ("x = |\n", "f(a)))]", "f(a)"),
        ("x = f(a, |\n", "b)", "b)"),
        ("x = [f(|\n", "b)]", "b)]"),
        # code that breaks the file, and code that only begins something
        ("a = 1\n|\nb = 2\n", "def return 3", ""),
        ("a = 1\n|\nb = 2\n", "x = 'abc", ""),
        ("a = 1\n|\nb = 2\n", "if a:", "if a:"),
        ("a = 1\n|\nb = 2\n", "call(a,", "call(a,"),
        ("a = 1\n|\nb = 2\n", '"""Words', '"""Words'),
        ("a = 1\n|\nb = 2\n", "@cache", "@cache"),
        ("a = (\n|\nb = 2\n", "def return 3", "def return 3"),
        # indentation
        ("def f():\n\tif a:\n\t\tb\n|\n", "def g():\n    return 1", "def g():\n\treturn 1"),
        ("def f():\n    if a:\n        b\n|\n", "def g():\n\treturn 1", "def g():\n    return 1"),
        ("def f():\n  if a:\n    b\n  x\n|\n", "def g():\n\treturn 1", "def g():\n  return 1"),
        ("def f():\n    a = 1\n    |\n", "    return a", "return a"),
        ("def f():\n|\n", "    return a", "    return a"),
        ("def f():\n    |\n", "    return a", "return a"),
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
     ("a = 1\n|\nb = 2\n", "x = 'abc", "does not parse"), ("x = |\n", "<|endoftext|>", "control token"),
     ("|\n", "\ufffd", "broken character"), ("|\n", "fine", ""), ("|\n", "  ", "")],
)  # fmt: skip
def test_the_filter_that_takes_everything_is_named(marked: str, generated: str, name: str) -> None:
    assert clean(generated, request_at(marked))[1] == name
