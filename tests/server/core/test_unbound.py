"""Which names a file reads and never gives a value."""

import pytest

from finetab.core.languages import language_by_name
from finetab.core.syntax import parse
from finetab.core.unbound import Names


def names(code: str) -> Names:
    language = language_by_name("python")
    assert language is not None
    return Names(parse(code, language))


@pytest.mark.parametrize(
    ("code", "unbound"),
    [
        ("json.loads(text)", {"json": True, "text": False}),
        ("def load(path: Path) -> Tree:\n    return json.loads(path)", {"Path": False, "Tree": False, "json": True}),
        ("import json, os.path as p\nfrom a.b import c as d, e\njson, p, d, e, c", {"c": False}),
        ("import os.path\nos.path.join(a)", {"a": False}),
        ("def f(a, *b, c=d, e: F = g, **h):\n    return a, b, c, e, h", {"d": False, "F": False, "g": False}),
        ("class A(Base, metaclass=Meta):\n    x: Final = 1\n    y = x", {"Base": False, "Meta": False, "Final": False}),
        ("@wraps(f)\ndef g():\n    later()\n\ndef later():\n    pass", {"wraps": False, "f": False}),
        ("for i, (j, *k) in pairs:\n    print(i, j, k)", {"pairs": False}),
        ("[x for x in rows if (y := x)] + y", {"rows": False}),
        ("lambda a, b=c: a + b + d", {"c": False, "d": False}),
        ("with open(p) as file:\n    file.x.y = z.w", {"p": False, "z": True}),
        ("try:\n    pass\nexcept E as error:\n    error.args", {"E": False}),
        ("match a:\n    case Point(x=b) if b > c:\n        b", {"a": False, "Point": True, "c": False}),
        ("def f():\n    global n\n    n += 1", {}),
        ("f'{width:>{size}}'", {"width": False, "size": False}),
        ("print(len(x), key=value, *rest, **more)", {"x": False, "value": False, "rest": False, "more": False}),
        ("def f[T: Bound](x: T) -> T: ...", {"Bound": False}),
        ("'json.loads(x)'  # and json", {}),
        ("from __future__ import annotations\n__all__ = [__name__]\n_('text')", {}),
        ("re.sub(x) or re", {"re": False, "x": False}),
    ],
)  # fmt: skip
def test_names_that_are_read_and_given_no_value(code: str, unbound: dict[str, bool]) -> None:
    assert names(code).unbound == unbound


def test_any_name_may_come_from_a_star() -> None:
    assert names("from tkinter import *\nTk()").is_open
    assert not names("from tkinter import Tk\nTk()").is_open


def test_of_code_that_is_nested_too_deep_nothing_is_known() -> None:
    found = names(f"total = {' + '.join(['a'] * 5000)}")
    assert found.unbound == {}
    assert found.is_open


def test_half_a_statement_hides_nothing_else() -> None:
    code = "from typing import \n\ndef f(x: Any):\n    return json.dumps(x)"
    assert names(code).unbound == {"Any": False, "json": True}
