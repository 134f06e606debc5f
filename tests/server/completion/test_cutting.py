"""What may stand of an answer that was cut off."""

import pytest

from finetab.completion.cutting import cut_back
from finetab.completion.request import CompletionRequest
from finetab.documents import open_document

REQUEST = "\n  const answer = await fetch(url, { headers });\n"
LOOP = "\n  let a;\n  for (b of c) {\n    d(b, 1);\n    if (b.e) {\n      h(b, 2);\n    }\n    k(b, 3);"


@pytest.mark.parametrize(
    ("path", "marked", "said", "left"),
    [
        # Whole lines, and of them whole statements.
        ("a.js", "async function f() {|\n", REQUEST + "  return answer.js", REQUEST.rstrip()),
        ("a.js", "async function f() {|\n", REQUEST + "  if (!answer.ok) {\n    throw answ", REQUEST.rstrip()),
        ("a.py", "def f():|\n\nx = 1\n", "\n    a = 1\n    b = call(\n        a,\n        c", "\n    a = 1"),
        ("a.py", "def f():|\n\nx = 1\n", "\n    a = 1\n    if a:\n        ret", "\n    a = 1"),
        ("a.py", "class A:|\n", "\n    a = 1\n\n    @property\n    def b(s", "\n    a = 1"),
        ("a.txt", "|\n", "some words\nand othe", "some words"),
        # A bracket that the editor has closed keeps a line of its own.
        ("a.go", "package a\n\nfunc f() {\n\tif a {|}\n}\n", "\n\t\tb()\n\t\tc(d", "\n\t\tb()\n\t"),
        ("a.js", "const x = {|}\n", "\n  a: 1,\n  b: { c: 1 },\n  d: {\n    e", "\n  a: 1,\n  b: { c: 1 },\n"),
        # What is begun stands where there is little else.
        ("a.py", "def f():|\n", "\n    x = call(\n        a,\n        b", "\n    x = call(\n        a,"),
        ("a.js", "function f() {\n  |\n}\n", "for (a of b) {\n    c(a);\n    d(", "for (a of b) {\n    c(a);"),
        ("a.js", "g(() => {|\n", LOOP + "\n    l", LOOP),
        # Of one line, the whole words.
        ("a.py", "x = |\n", "call(first, sec", "call(first, "),
        ("a.py", "x = |\n", "call(first,", "call(first,"),
        ("a.py", "def f():|\n", "\n    return call(first, sec", "\n    return call(first, "),
        ("a.py", "x = |\n", "wor", ""),
    ],
)  # fmt: skip
def test_an_answer_that_is_cut_off_ends_with_what_is_whole(path: str, marked: str, said: str, left: str) -> None:
    request = CompletionRequest(open_document(path, marked.replace("|", "", 1)), marked.index("|"))
    assert cut_back(said, request) == left
