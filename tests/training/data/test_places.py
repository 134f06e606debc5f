"""Places in programs: a table of what each finder finds in each language."""

import pytest

from finetab.core.languages import language_by_name
from finetab.core.syntax import parse, walk
from finetab_training.data.places import PLACES
from finetab_training.data.spans import FileSpans, SpanKind

PYTHON = """import numpy as np
from os import path

def f(a):
    for i, x in enumerate(a):
        y = np.array([x, 1]).sum(axis=0)
    while i < 10 and y:
        i += 1
        local(i, 30)
    if path.exists(a) or x:
        return 100
"""
JAVASCRIPT = """import fs from 'fs';
function f(a) {
  for (let i = 0; i < a.length; i++) {
    fs.readFile(a[i], cb);
  }
  if (a.b && c) {
    return a;
  } else {
    return b;
  }
}
"""
GO = """package m
import "fmt"
func f(a []int) {
\tfor _, x := range a {
\t\tfmt.Println(x, 12)
\t}
\tif a != nil && ok {
\t\treturn
\t}
}
"""
JAVA = """import java.util.Objects;
class A { void f(int[] a) {
 for (int x : a) {
  Objects.hash(x, 10);
 }
 while (x > 100) {
  go(1, 2);
 }
} }
"""
RUST = """use std::fs;
fn f(a: &str) {
    for x in a.chars() {
        fs::read(a, 10);
    }
    if a.len() > 3 {
        g(a, 20);
    }
}
"""
C = """int f(int n) {
  for (int i = 0; i < n; i++) {
    g(i, 10);
  }
  while (n > 100) {
    n -= 1;
  }
}
"""


@pytest.mark.parametrize(
    ("language", "text", "kind", "found"),
    [
        ("python", PYTHON, "arguments", ["a", "axis=0", "[x, 1]", "i, 30", "a"]),
        ("python", PYTHON, "condition", ["i < 10 and y", "path.exists(a) or x"]),
        ("python", PYTHON, "control", ["i, x in enumerate(a)", "i < 10 and y", "path.exists(a) or x"]),
        ("python", PYTHON, "algorithm",
         ["y = np.array([x, 1]).sum(axis=0)", "i += 1\n        local(i, 30)", "return 100"]),
        ("python", PYTHON, "api", ["np.array([x, 1]).sum(axis=0)", "np.array([x, 1])", "path.exists(a)"]),
        ("javascript", JAVASCRIPT, "arguments", ["a[i], cb"]),
        ("javascript", JAVASCRIPT, "condition", ["i < a.length", "a.b && c"]),
        ("javascript", JAVASCRIPT, "control", ["let i = 0; i < a.length; i++", "a.b && c"]),
        ("javascript", JAVASCRIPT, "algorithm", ["fs.readFile(a[i], cb);", "return a;", "return b;"]),
        ("javascript", JAVASCRIPT, "api", ["fs.readFile(a[i], cb)"]),
        ("javascript", "call(\n  one,\n  two,\n);\n", "arguments", ["one,\n  two,"]),
        ("go", GO, "control", ["_, x := range a", "a != nil && ok"]),
        ("go", GO, "api", ["fmt.Println(x, 12)"]),
        ("java", JAVA, "control", ["int x : a", "x > 100"]),
        ("java", JAVA, "condition", ["x > 100"]),
        ("java", JAVA, "api", ["Objects.hash(x, 10)"]),
        ("rust", RUST, "control", ["x in a.chars()", "a.len() > 3"]),
        ("rust", RUST, "arguments", ["a, 10", "a, 20"]),
        ("rust", RUST, "api", ["fs::read(a, 10)"]),
        ("c", C, "control", ["int i = 0; i < n; i++", "n > 100"]),
        ("c", C, "algorithm", ["g(i, 10);", "n -= 1;"]),
        ("c", C, "api", []),
    ],
)  # fmt: skip
def test_what_is_found(language: str, text: str, kind: str, found: list[str]) -> None:
    row = language_by_name(language)
    assert row is not None
    tree = parse(text, row)
    nodes = [node for node in walk(tree.root) if node.is_named]
    ranges = dict.fromkeys(PLACES[kind](tree, nodes))
    assert [tree.data[start:end].decode() for start, end in ranges] == found


@pytest.mark.parametrize("kind", ["arguments", "condition", "control", "algorithm", "api"])
def test_nothing_is_found_where_the_code_is_broken(kind: SpanKind) -> None:
    row = language_by_name("python")
    assert row is not None
    broken = "import os\n\ndef f(:\n    while os.path.exists(name here):\n        os.remove(name, now)\n"
    fine = broken.replace("(:", "():").replace("name here", "name")
    assert FileSpans(parse(fine, row)).of(kind)
    faulty = parse(broken, row)
    errors = [node for node in walk(faulty.root) if node.is_error]
    assert errors
    for span in FileSpans(faulty).of(kind):
        start, end = faulty.byte_of(span.start), faulty.byte_of(span.end)
        assert not any(node.start_byte < end and start < node.end_byte for node in errors)
