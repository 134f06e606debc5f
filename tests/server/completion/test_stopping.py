"""How much is given: the extent at the cursor, and where an answer ends."""

import pytest
from tests.conftest import byte_tokenizer

from finetab.completion.request import CompletionRequest
from finetab.completion.stopping import Extent, StopRule, extent_at
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document

TOKENIZER = Tokenizer(byte_tokenizer())


def request_at(marked: str, path: str = "a.py") -> CompletionRequest:
    cursor = marked.rindex("|")
    return CompletionRequest(open_document(path, marked[:cursor] + marked[cursor + 1 :]), cursor)


@pytest.mark.parametrize(
    ("path", "marked", "extent"),
    [
        ("a.py", "x = |\n", Extent.LINE),
        ("a.py", "def f():|\n", Extent.BLOCK),
        ("a.py", "def f():\n    |\n\nx = 1\n", Extent.BLOCK),
        ("a.py", "def f():\n    |", Extent.BLOCK),
        ("a.py", "def f():\n    |\n    return 1\n", Extent.LINE),
        ("a.py", "def f():\n    a = 1\n    |\n", Extent.LINE),
        ("a.py", "if a:|  b\n", Extent.LINE),
        ("a.py", "x = foo(|)\n", Extent.LINE),
        ("a.js", "function f() {|}\n", Extent.BLOCK),
        ("a.js", "function f() {\n  |\n}\n", Extent.BLOCK),
        ("a.js", "function f() {\n  |\n  g();\n}\n", Extent.LINE),
        ("a.go", "for {\n\t|\n}\n", Extent.BLOCK),
        ("notes.txt", "a list:\n|", Extent.LINE),
        ("a.py", "|", Extent.LINE),
        ("a.py", 'x = {"name":|\n', Extent.LINE),
        ("a.py", 'x = {"name":|}\n', Extent.LINE),
        ("a.py", "def f(x:|\n", Extent.LINE),
        ("a.py", "def f(x:|):\n    return x\n", Extent.LINE),
        ("a.py", "a[1:|]\n", Extent.LINE),
        ("a.py", "x = 1\n# Note:|\n", Extent.LINE),
        ("a.py", "s = 'Note:|'\n", Extent.LINE),
        ("a.py", "f = lambda x:|\n", Extent.LINE),
        ("a.py", "x:|\n", Extent.LINE),
        ("a.py", "class C:\n    def f(\n        a: int,\n    ) -> int:|\n\nx = 1\n", Extent.BLOCK),
        ("a.py", "if a:\n    b()\nelse:|\n", Extent.BLOCK),
        ("a.py", "try:\n    |\n", Extent.BLOCK),
        ("a.py", "with open(p) as f:\n    |\n", Extent.BLOCK),
        ("a.py", "é = 1\nclass C:|\n", Extent.BLOCK),
        ("a.js", "// see {|\n", Extent.LINE),
        ("a.sh", "cd /usr/local/bin|\n", Extent.LINE),
        ("a.sh", "for a in b; do|\n", Extent.BLOCK),
        ("a.sh", "case $x in|\n", Extent.BLOCK),
        ("a.rb", "undo|\n", Extent.LINE),
        ("a.rb", "x = a |||\n", Extent.LINE),
        ("a.rb", "xs.each do |x||\n", Extent.BLOCK),
        ("a.go", "f(|)\n", Extent.LINE),
    ],
)
def test_a_block_is_asked_for_where_one_is_open_and_empty(path: str, marked: str, extent: Extent) -> None:
    request = request_at(marked, path)
    assert extent_at(request.document, request.offset) is extent


@pytest.mark.parametrize(
    ("path", "marked", "generated", "answer"),
    [
        ("a.py", "x = |\n", "1\ny = 2\n", "1"),
        ("a.py", "x = |\n", "1 +", None),
        ("a.py", "x = 1|\n", "\ny = 2", ""),
        ("a.py", "def f(a):\n    |\n", "b = a\n    return b\n\n\ndef g", "b = a\n    return b"),
        ("a.py", "def f(a):\n    |\n", "b = a\n    return b\n", None),
        ("a.py", "class C:\n    def f(a):\n        |\n", "return a\n\n    def g", "return a"),
        ("a.py", "def f(a):|\n", "\n    return a\nx", "\n    return a"),
        ("a.py", "if a:\n    |\nelse:\n    c()\n", "b()\nelse:", "b()"),
        ("a.js", "function f(a) {\n  |\n}\n", "g(a);\n  return a;\n}\n", "g(a);\n  return a;\n}"),
        ("a.js", "function f(a) {\n  |\n}\n", "if (a) {\n    g();\n  }\n", None),
        ("a.py", "def f(a):\n    |\nprint(f(1))\n", "return a\nprint(f(1))\n", "return a"),
    ],
)
def test_an_answer_ends_where_its_line_or_block_does(
    path: str, marked: str, generated: str, answer: str | None
) -> None:
    rule = StopRule(request_at(marked, path))
    end = rule.end_in(generated)
    assert (generated[:end] if end is not None else None) == answer


@pytest.mark.parametrize(
    ("marked", "generated", "length"),
    [
        ("x = |\n", "1\ny = 2\n", len("1\n")),
        ("def f(a):\n    |\n", "b = a\n    return b\n\n\ndef g():", len("b = a\n    return b\n\n\nd")),
    ],
)
def test_decoding_stops_with_the_token_that_ends_the_answer(marked: str, generated: str, length: int) -> None:
    rule = StopRule(request_at(marked))
    assert next(count for count in range(1, len(generated) + 1) if rule(generated[:count])) == length


def test_a_line_that_is_said_anew_is_looked_at_anew() -> None:
    rule = StopRule(request_at("def f(a):\n    |\n"))
    assert not rule("b = a\n    r")
    assert not rule("b = a\n    re")
    assert rule("b = a\nd")  # the line's indentation has been taken back
