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
        ("a.js", "if (a) {|} else {\n  b();\n}\n", Extent.BLOCK),
        ("a.js", "f(() => {|}, [a, b])\n", Extent.BLOCK),
        ("a.js", "x = {|} + y\n", Extent.LINE),
        ("a.ts", "import {|} from './a'\n", Extent.LINE),
        ("notes.txt", "a list:\n|", Extent.LINE),
        ("a.py", "|", Extent.LINE),
        ("a.py", 'x = {"name":|\n', Extent.LINE),
        ("a.py", 'x = {"name":|}\n', Extent.LINE),
        ("a.py", "def f(x:|\n", Extent.LINE),
        ("a.py", "def f(x:|):\n    return x\n", Extent.LINE),
        ("a.py", "a[1:|]\n", Extent.LINE),
        ("a.py", "x = 1\n# Note:|\n", Extent.LINE),
        ("a.py", "def f():\n    # one\n    # two\n    |\n", Extent.BLOCK),
        ("a.js", "function f() {\n  // one\n  /* two */\n  |\n}\n", Extent.BLOCK),
        ("a.py", "x = 1\n# one\n# two\n|\n", Extent.LINE),
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
        ("a.sh", "if a; then\n  case $1 in\n    |\n  esac\nfi\n", Extent.BLOCK),
        ("a.sh", "for f in |\n", Extent.LINE),
        ("a.sh", "while a; do\n  select f in|\ndone\n", Extent.LINE),
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


def answered(path: str, marked: str, said: str) -> str:
    """What is given of what a model says letter by letter, before clean-up."""
    request = request_at(marked, path)
    rule = StopRule(request)
    heard = next((said[:count] for count in range(1, len(said) + 1) if rule(said[:count])), said)
    return heard[: rule.end_in(heard)]


@pytest.mark.parametrize(
    ("path", "marked", "said", "given"),
    [
        # A line further in than the one below is another one.
        ("a.go", "func f() error {\n\tif err != nil {|\n\treturn err\n}\n", "\n\t\treturn err\n\t}\n\treturn nil\n",
         "\n\t\treturn err\n\t}"),
        ("a.js", 'd("a", () => {\n  it("b", () => {|\n});\n',
         "\n    x((y) => {\n      z;\n    });\n    w();\n  });\n  v",
         "\n    x((y) => {\n      z;\n    });\n    w();\n  });"),
        ("a.py", "def f(a):\n    for b in a:|\n    return 1\n",
         "\n        if b:\n            return 1\n        g()\n    return 1\n",
         "\n        if b:\n            return 1\n        g()"),
        # Braces that hold no statements end where they are closed, with what ends the statement.
        ("a.js", "const x = {|\n\nfoo(x);\n", "\n  a: 1,\n};\n\nfunction g() {\n  return x;\n}\n", "\n  a: 1,\n};"),
        ("a.ts", "type A = {|}\n", "\n  a: string;\n};\n\ntype B = {\n  c: string;\n};\n", "\n  a: string;\n}"),
        ("a.c", "int a[] = {|\n", "\n  1, 2,\n};\n\nint main() {\n  return 0;\n}\n", "\n  1, 2,\n};"),
        ("a.rs", "fn f() -> T {\n    T {|\n}\n", "\n        a: 1,\n    }\n}\n\nfn g() {}\n", "\n        a: 1,\n    }"),
        ("a.go", "func f() {\n\tgo func() {|\n}\n", "\n\t\tg()\n\t}()\n\tx := 1\n}\n", "\n\t\tg()\n\t}()"),
        ("a.js", "if (a) {|\n", "\n  b();\n} else {\n  c();\n}\n", "\n  b();\n}"),
        # With what the closing line goes on with, where that ends the statement.
        ("a.js", "setTimeout(() => {|\n\nfoo();\n", "\n  a();\n}, 1000);\nb();\n", "\n  a();\n}, 1000);"),
        ("a.tsx", "function A() {\n  useEffect(() => {|\n\n  return <b/>;\n}\n", "\n    a();\n  }, [id]);\n\n  b",
         "\n    a();\n  }, [id]);"),
        ("a.js", "function f() {\n  g(() => {|\n", "\n    a();\n  }, 0);\n}\n", "\n    a();\n  }, 0);"),
        ("a.c", "typedef struct {|\n", "\n  int a;\n} foo_t;\nint b;\n", "\n  int a;\n} foo_t;"),
        ("a.c", "void f() {\n  do {|\n}\n", "\n    i++;\n  } while (i < 3);\n}\n", "\n    i++;\n  } while (i < 3);"),
        ("a.js", "setTimeout(() => {\n  |\n});\n", "a();\n}, 1000);\n", "a();\n}"),
        ("a.js", "function f() {\n  if (a) {|\n", "\n    b();\n  } else {\n    c();\n", "\n    b();\n  }"),
        # Up to its brace, where something goes on after it.
        ("a.js", "if (a) {|} else {\n  c();\n}\n", "\n  b();\n} else {\n", "\n  b();\n}"),
        # A body may begin with comments.
        ("a.py", "def f(a):|\n", "\n    # one\n    # two\n    return a\n\n\ndef g():\n    return 1\n",
         "\n    # one\n    # two\n    return a"),
        ("a.py", "class C:\n    def f(self):|\n",
         "\n        # one\n        return 1\n\n    def g(self):\n        return 2\n",
         "\n        # one\n        return 1"),
    ],
)  # fmt: skip
def test_a_block_ends_where_it_is_closed_in_any_language(path: str, marked: str, said: str, given: str) -> None:
    assert answered(path, marked, said) == given
