"""What the code after a cursor waits for, and what a line may begin with that gives it."""

from dataclasses import asdict, replace

import pytest
from tests.server.completion.test_postprocess import request_at

from finetab.completion.request import CompletionRequest
from finetab.completion.wanted import Wanted, read_wanted, wanted
from finetab.documents import open_document
from finetab.errors import BadInput

LOOP = "def add(numbers):\n{}\n    for number in numbers:\n        total += number\n    return total\n"
BODY = "def add(numbers):\n    total = 0\n{}\n        total += number\n    return total\n"


def words(marked: str, line: str | None = None) -> list[str]:
    """What a line may go on with at the cursor, or behind so much."""
    what = wanted(request_at(marked))
    assert what is not None
    return what.rests(what.left if line is None else line)


@pytest.mark.parametrize("left", ["    ", "    to"])
def test_a_name_that_is_read_below_is_wanted(left: str) -> None:
    what = wanted(request_at(LOOP.format(f"{left}|")))
    assert what == Wanted(("total",), (), left, (4,), 4, is_defined=False)
    assert what.rests(left)[0] == ("total" if left.isspace() else "tal")


def test_a_body_without_its_header_wants_a_loop_that_names_what_it_reads() -> None:
    marked = BODY.format("    |")
    assert words(marked)[:2] == ["for", "with"]
    assert words(marked, "    for") == [" number"]
    assert words(marked, "    for ") == ["number"]
    assert words(marked, "    for x,") == [" number"]
    assert words(marked, "    for num") == ["ber"]
    assert words(marked, "    while") == []


def test_at_the_start_of_an_empty_line_nothing_leaves_the_function() -> None:
    assert words(BODY.format("|")) == []
    assert words(LOOP.format("|")) == []
    assert words(LOOP.format("|"), "   ") == [" total"]  # a token may hold the last blank and the word
    assert words(LOOP.format("|"), "  ") == []
    assert words("def f(x):\n    if x:\n        y = 1\n|\n        z += 1\n    return z\n", "    ")[0] == "for"
    assert words("def f(x):\n    if x:\n        y = 1\n|\n        z += 1\n    return z\n", "        ")[0] == "z"
    assert words(LOOP.format("|"), "    ")[0] == "total"


def test_before_a_line_that_stands_further_in_a_block_is_opened() -> None:
    marked = "def f(x):\n    y = x\n    |\n        return y\n    return x\n"
    assert {"if", "while", "for", "else"} <= set(words(marked))
    assert words(marked, "    i") == ["f"]
    assert words(marked, "    if") == []
    assert words("def f(x):\n    if x:\n        y = x\n|\n        return x\n", "    ")[:2] == ["for", "with"]
    assert words("def f(x):\n    if x:\n        y = x\n|\n        return x\n", "        ") == []


@pytest.mark.parametrize("before", ["y = x + \\\n    |", "f(\n    |", "|\n        # only words"])
def test_what_goes_on_or_is_a_comment_opens_no_block(before: str) -> None:
    assert (
        wanted(request_at(f"def f(x):\n    {before}\n        x\n" if "#" not in before else f"{before}\nx\n")) is None
    )


def test_a_function_that_is_called_wants_its_header() -> None:
    marked = "def outer(a):\n    |\n        return x ^ y\n\n    return xor(a, 1)\n"
    assert "def" in words(marked)
    assert words(marked, "    def") == [" xor"]
    assert "def" not in words(BODY.format("    |"))


def test_a_method_without_its_header_wants_one() -> None:
    assert "def" in words("class A:\n    x = 1\n\n    |\n        return self.x + other\n")


@pytest.mark.parametrize(
    "marked",
    [
        LOOP.format("    total = |"),  # within a statement
        LOOP.format("    |pass"),
        LOOP.format("    total = 0\n    |"),  # it has its value
        "def f(total):\n    |\n    return total\n",
        "def f():\n    |\n    return total\n\ntotal = 1\n",
        "def f():\n    |\n    return later(1)\n\n\ndef later(x):\n    return x\n",
        "import re\ndef f(x):\n    |\n    return re.sub('a', json.dumps(x), Path(x))\n",
        "def f():\n    '''Words.\n    |\n    '''\n    return total\n",
        "def f():\n    call(\n        |\n        total,\n    )\n",
        "def f():\n    |\n",
        "def f():\n    |\n    g = [x for x in range(3)]\n    return lambda y: y\n",
        "from tkinter import *\ndef f():\n    |\n    return total\n",
        "def f():\n    def g():\n        |\n        return total\n\n    total = 1\n    return g\n",
        "    |\n",
        f"def f():\n    |\n    return {' + '.join(['a'] * 5000)}\n",  # nested too deep to be walked
    ],
)
def test_nothing_is_wanted(marked: str) -> None:
    assert wanted(request_at(marked)) is None


def test_only_the_rules_of_python_are_known() -> None:
    text = "function f() {\n  \n  return total;\n}\n"
    assert wanted(CompletionRequest(open_document("a.js", text), text.index("\n  return"))) is None
    assert wanted(CompletionRequest(open_document("a.unknown", text), 0)) is None


def test_what_is_told_is_read_back() -> None:
    what = wanted(request_at(LOOP.format("    |")))
    assert what is not None
    told = asdict(what) | {"names": ["total"], "called": [], "columns": [4]}  # as JSON has it
    assert read_wanted(told) == what
    for wrong in ({"names": "total"}, {"left": 1}, {"names": ["1"]}, {"called": ["a"] * 6}, {"columns": ["4"]}):
        with pytest.raises(BadInput, match="wanted m"):
            read_wanted(told | wrong)
    with pytest.raises(BadInput, match="wanted must have"):
        read_wanted({"names": []})


def test_names_beyond_what_is_looked_at_are_not_wanted() -> None:
    far = LOOP.format("    |").replace("    return total\n", "    pass\n" * 600 + "    return later_on\n")
    what = wanted(request_at(far))
    assert what is not None
    assert replace(what, names=()) == replace(what, names=what.names[:0])
    assert "later_on" not in what.names
