"""Which names code reads before it gives them a value."""

import pytest

from finetab.core.languages import language_by_name
from finetab.core.names import Reads, is_own
from finetab.core.syntax import parse


def unmet(code: str, start: int = 0) -> list[str]:
    language = language_by_name("python")
    assert language is not None
    reads = Reads(start, len(code))
    reads.visit(parse(code, language).root)
    return [f"{name}()" if is_called else name for name, is_called in reads.unmet.items()]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("total += number", ["total", "number"]),
        ("x = x + 1\ny = x", ["x"]),
        ("a, (b, *c) = d\nprint(a, b, c)", ["d", "print()"]),
        ("for i, (j, k) in pairs:\n    use = i + j + k + m", ["pairs", "m"]),
        ("rows = [x for row in table if row for x in row]", ["table"]),
        ("pairs = {k: v for k, v in found}", ["found"]),
        ("key = lambda a, b=1, *c: a + b + d", ["d"]),
        ("if (n := len(lines)) > 1:\n    n", ["len()", "lines"]),
        ("with open(path) as file, lock:\n    file.read(size)", ["open()", "path", "lock", "size"]),
        ("try:\n    a\nexcept Error as error:\n    error.args", ["a", "Error"]),
        ("import os.path as p, re\nfrom x import y as z\np, re, z", []),
        ("def f(a):\n    return b\nclass C:\n    d = e\nf, C", []),
        ("self.x = y\nz[i] = self.w", ["y", "self", "z", "i"]),
        ("f(a, key=b).c(d)", ["f()", "a", "b", "d"]),
        ("global g\ng", []),
        ("match point:\n    case (x, y) if x > w:\n        x + y", ["point", "w"]),
        ('f"{name!r} {also}"', ["name", "also"]),
    ],
)
def test_names_are_read_in_the_order_in_which_code_runs(code: str, names: list[str]) -> None:
    assert unmet(code) == names


def test_what_stands_before_the_start_is_passed_over() -> None:
    code = "while one:\n    two = three\n    four(two)\n"
    assert unmet(code, code.index("four")) == ["four()", "two"]


def test_broken_code_is_read_as_far_as_it_can_be() -> None:
    assert "total" in unmet("for in range(:\n    total += 1\n")
    assert "" not in unmet("x = \n(a +")


@pytest.mark.parametrize("name", ["print", "for", "match", "json", "Path", "__name__", "_"])
def test_names_of_python_itself_of_its_modules_and_of_classes_are_not_own(name: str) -> None:
    assert not is_own(name)
    assert is_own("total")
