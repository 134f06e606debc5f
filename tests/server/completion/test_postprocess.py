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
        ("a = 1\n|\nvalue = first_name\nother = last_name\n", "value = first_name\nother = last_nane", ""),
        (
            "a = 1\n|\nvalue = first_name + other_name\n",
            "value = first_name + other_nane",
            "value = first_name + other_nane",
        ),
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


ONE_BLOCK = "if (x) {\n    return 1;\n  }\n  return 2;"
ROWS = "[0, 0, 0],\n    [0, 0, 0],\n    [0, 0, 0],"
LAYER = "self.layer{} = nn.Linear(hidden_size, hidden_size)"
FROM_ENVIRONMENT = 'password = os.environ["DATABASE_PASSWORD_2"]'


@pytest.mark.parametrize(
    ("path", "marked", "generated", "left"),
    [
        # a bracket further in is not the one below
        ("a.js", "function f(x) {\n  |\n}\n", ONE_BLOCK + "\n}", ONE_BLOCK),
        ("a.py", "def f(a):\n    |\n    return None\n", "if not a:\n        return None\n    a = 1",
         "if not a:\n        return None\n    a = 1"),
        ("a.py", "class A:\n    |\n    @property\n    def a(self): pass\n", "@property", "@property"),
        # overlaps that end in more than a bracket
        ("a.js", "foo(|);\n", "x);", "x"),
        ("a.rs", "fn f() {\n    println!(|);\n}\n", '"{}", 1);', '"{}", 1'),
        ("a.py", "def f(|):\n    pass\n", "self, x):", "self, x"),
        ("a.js", "if (|) {\n}\n", "x > 0) {", "x > 0"),
        ("a.py", "if |:\n    pass\n", "x:", "x"),
        # beginnings may stand
        ("a.c", "int a;\n|\nint b;\n", "int main(void)", "int main(void)"),
        ("a.c", "int a;\n|\nint b;\n", "#ifdef DEBUG", "#ifdef DEBUG"),
        ("a.rb", "x = 1\n|\ny = 2\n", "def initialize(name)", "def initialize(name)"),
        ("a.java", "class A {\n    int a;\n    |\n}\n", "public void run()", "public void run()"),
        ("a.ts", "let a = 1;\n|\nlet b = 2;\n", "const x =", "const x ="),
        ("a.go", "package a\n\nfunc f() {\n\t|\n}\n", "x :=", "x :="),
        ("a.py", "def f(y):\n    |\n", "x = y\n    return y +", "x = y\n    return y +"),
        ("a.js", "let a = 1;\n|\nlet b = 2;\n", "function function", ""),
        # what is repeated on purpose
        ("a.py", "x = [\n    |\n]\n", ROWS, ROWS),
        ("a.py", "|\nx = 1\n", "# " + "-" * 50, "# " + "-" * 50),
        ("a.py", f"|\n{LAYER.format(2)}\n", LAYER.format(1), LAYER.format(1)),
        # a file says nothing of indentation that it has not
        ("a.go", "package a\n\nfunc main() {\n|\n}\n", "\tfmt.Println(1)", "\tfmt.Println(1)"),
        ("Makefile", "all:\n|\n", "\tgcc a.c", "\tgcc a.c"),
        # deeper lines that belong there
        ("a.py", "def f():\n    if x:  # note\n|\n", "        return 1", "        return 1"),
        ("a.py", "if (a and\n|\n", "        b):", "        b):"),
        ("a.js", "function f() {\n  return a &&\n|\n}\n", "    b;", "    b;"),
        # names of secrets are none, and a secret may have been begun
        ("a.py", "|\n", FROM_ENVIRONMENT, FROM_ENVIRONMENT),
        ("a.py", 'password = "|"\n', "s3cr3tP4ssw0rdXYZ123", ""),
    ],
)  # fmt: skip
def test_everyday_completions_are_left_as_they_are(path: str, marked: str, generated: str, left: str) -> None:
    request = CompletionRequest(open_document(path, marked.replace("|", "", 1)), marked.index("|"))
    assert clean(generated, request)[0] == left


def test_a_file_that_is_about_control_tokens_may_be_gone_on_with() -> None:
    text = 'END = "<|endoftext|>"\nEOS = '
    assert clean('"<|endoftext|>"', CompletionRequest(open_document("a.py", text), len(text)))[0] == '"<|endoftext|>"'
