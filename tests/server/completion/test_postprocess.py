"""Cleaning: a table of cases for each filter."""

import pytest

from finetab.completion.postprocess import clean
from finetab.completion.request import CompletionRequest
from finetab.documents import open_document


def request_at(marked: str, path: str = "a.py") -> CompletionRequest:
    return CompletionRequest(open_document(path, marked.replace("|", "", 1)), marked.index("|"))


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
        ("a.py", "if a:\n        |\n    return None\n", "return None", "return None"),
        ("a.py", "def f():\n    if a:\n|\n    return None\n", "        return None", "        return None"),
        ("a.py", "def f():\n    a = 1\n|\n    return None\n", "    return None", ""),
        ("a.py", "def f():\n    a = 1\n|\n    return None\n", "        return None", ""),
        ("a.py", "def f():\n    a = 1\n|\n    return None\n", "return None", ""),
        ("a.js", "f(() => {|\n\nf(() => {\n  b();\n});\n", "\n  a();\n});", "\n  a();\n});"),
        ("a.rb", "def a\n  if b\n    c\n  |\nend\n", "end", "end"),
        ("a.js", "f(() => {\n  g(() => {\n    c();\n  |\n});\n", "});", "});"),
        ("a.py", "class A:\n    |\n    @property\n    def a(self): pass\n", "@property", "@property"),
        # overlaps that end in more than a bracket
        ("a.js", "foo(|);\n", "x);", "x"),
        ("a.rs", "fn f() {\n    println!(|);\n}\n", '"{}", 1);', '"{}", 1'),
        ("a.py", "def f(|):\n    pass\n", "self, x):", "self, x"),
        ("a.js", "if (|) {\n}\n", "x > 0) {", "x > 0"),
        ("a.py", "if |:\n    pass\n", "x:", "x"),
        # what goes on behind a pair that the editor has closed
        ("a.py", "def f(|)\n", "self, a):", "self, a"),
        ("a.py", "with open(|)\n", "path) as f:", "path"),
        ("a.js", "if (|)\n", "x > 0) {", "x > 0"),
        ("a.py", "x = d[|]\n", "key] + 1", "key"),
        ("a.py", 'd["|"]\n', 'key"] = 1', "key"),
        ("a.py", 'logging.info("|")\n', 'done: %s", x)', "done: %s"),
        ("a.py", "x = '|'\n", "it\\'s'", "it\\'s"),
        ("a.json", '{"a": [|]}\n', '1, 2], "b": 3}', "1, 2"),
        ("a.py", "if (x := f(|)) > 1:\n    pass\n", "y)) > 1:", "y"),
        ("a.py", "print(|)\n", "x)  # show it", "x"),
        ("a.py", "def f():\n    \"\"\"|\"\"\"\n", 'Say "hi" now."""', 'Say "hi" now.'),
        # a pair that the text opens again, or another that it may end
        ("a.py", "f(|)\n", "a) + f(b", "a) + f(b"),
        ("a.py", "f(|)\n", "a) + f(b)", "a) + f(b"),
        ("a.py", "foo(bar(x|)\n", "), y", "), y"),
        ("a.py", 'x = |"b"\n', '"a" ', '"a" '),
        # the rest of the line, however short
        ("a.py", "x = | + 1\n", "y + 1", "y"),
        ("a.py", "x = |.y\n", "self.y", "self"),
        ("a.py", "x = |[0]\n", "items[0]", "items"),
        ("a.c", "int x = |->n;\n", "p->n;", "p"),
        ("a.py", "foo(|)\n", "g(x)", "g(x)"),
        # blank space that parts it from what follows
        ("a.py", "return |value\n", "not value", "not "),
        ("a.js", "import {|} from 'x';\n", " a } from 'x';", " a "),
        ("a.py", 'foo(|"bar")\n', 'a, "bar")', "a, "),
        # only C has a line that begins with # and is no comment
        ("a.py", "x = foo(|) + 1\n", "a b", ""),
        # a makefile
        ("/w/Makefile", "all:\n\techo a\n|\n", "    echo b", "\techo b"),
        ("/w/notes.txt", "all:\n\techo a\n|\n", "    echo b", "    echo b"),
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
        ("a.go", "/*\n * Words.\n */\npackage a\n\nfunc f() {\n|\n}\n", "\tg()", "\tg()"),
        ("a.js", "/**\n * Words.\n */\nf(() => {\n  a();\n|\n});\n", "\tg()", "  g()"),
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


@pytest.mark.parametrize(
    ("path", "marked", "said", "left"),
    [
        # The editor has closed the brace: it stays on a line of its own, as it was said.
        ("a.js", "function f(a) {|}\n", "\n  return a;\n}", "\n  return a;\n"),
        ("a.js", "if (a) {|} else {\n  c();\n}\n", "\n  b();\n}", "\n  b();\n"),
        ("a.go", "package p\n\nfunc f() {\n\tif a {|}\n}\n", "\n\t\tb()\n\t}", "\n\t\tb()\n\t"),
        ("a.js", "if (a) {|}\n", " return b; }", " return b; "),
        # With a bracket goes the end of the statement that the editor has not written.
        ("a.js", "foo(|)\n", "a);", "a"),
        ("a.js", "foo(|);\n", "a);", "a"),
        ("a.js", "x = [|]\n", "1, 2];", "1, 2"),
        # A bracket that closes something stays, however the parser recovers without it.
        ("a.js", "const a = 1;\nsetTimeout(() => {|\n\nfoo();\n", "\n  b();\n}", "\n  b();\n}"),
        ("a.tsx", "function A() {\n  g(() => {|\n\n  return <b/>;\n}\n", "\n    b();\n  }", "\n    b();\n  }"),
        ("a.js", "setTimeout(() => {\n  |\n});\n", "b();\n}", "b();"),
        # Half of a line is no repetition of the next one.
        ("a.py", "def f():\n    c = |\n    connect()\n", "connect()", "connect()"),
        ("a.py", "def f():\n    |\n    connect()\n", "connect()", ""),
    ],
)
def test_what_stands_behind_the_cursor_is_not_said_twice(path: str, marked: str, said: str, left: str) -> None:
    assert clean(said, request_at(marked, path))[0] == left


@pytest.mark.parametrize(
    ("path", "marked", "said"),
    [
        ("a.tsx", "const a = (\n  <div>\n    |\n  </div>\n);\n", "<ul>"),
        ("a.tsx", "const a = (\n  <div>\n    |\n  </div>\n);\n", "<li key={x}>"),
        ("a.jsx", "const a = (\n  <div>\n    |\n  </div>\n);\n", "<Foo"),
        ("a.sh", "x=1\n|\n", "cat <<EOF"),
        ("a.rb", "x = 1\n|\n", "text = <<~EOS"),
        ("a.php", "<?php\n$x = 1;\n|\n", "$y = <<<EOT"),
        ("a.php", "<?php\n$x = 1;\n|\n", "foreach ($a as $b):"),
        ("a.php", "<?php\nif ($x): ?>\n<b></b>\n<?php |\nendif; ?>\n", "else:"),
        ("a.rs", "fn f(x: Option<i32>) {\n    match x {\n        |\n        None => {}\n    }\n}\n", "Some(y) => y"),
        ("a.js", "class A {\n  |\n}\n", "static async get"),
    ],
)
def test_what_only_begins_something_may_stand(path: str, marked: str, said: str) -> None:
    assert clean(said, request_at(marked, path)) == (said, "")


def test_less_than_a_tag_that_is_not_closed_does_not_excuse_what_breaks() -> None:
    assert clean("return a < b c", request_at("function f(a, b) {\n  |\n}\n", "a.js"))[1] == "does not parse"


@pytest.mark.parametrize(
    ("marked", "said", "left"),
    [
        ('for c in x:\n    if c == "#":\n|\n', "        a = 1\n        b = 2", "        a = 1\n        b = 2"),
        ('def f():\n    x = """\ntext\n"""\n|\n', "    return x", "    return x"),
        ("def f(x):\n    if x:\n        # one\n        # two:\n|\n", "            a = 1", "        a = 1"),
        ("def f(x):\n    y = 1  # so:\n|\n", "        a = 1", "    a = 1"),
    ],
)
def test_a_line_is_as_deep_as_the_code_above_allows(marked: str, said: str, left: str) -> None:
    assert clean(said, request_at(marked))[0] == left
