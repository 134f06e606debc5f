"""What counts of an answer, by the rules of the benchmarks."""

import pytest

from finetab_training.data.hole import Hole
from finetab_training.evaluate.rules import (
    Trim,
    control_expression,
    filled_block,
    first_call,
    first_code_line,
    one_statement,
    rule_of,
    whole,
)

LOOP = Hole("a.py", "python", "for n in range(9):\n    ", "\nprint(n)\n", "", "safim-block")
JAVA = Hole("A.java", "java", "class A { void f() { for (int i : x) { ", " } } }\n", "", "safim-block")
HEADER = Hole("A.java", "java", "class A { void f() { while (", ") { } } }\n", "", "safim-control")
CALL = Hole("a.py", "python", "import os\nx = ", "\n", "", "safim-api")
LINE = Hole("a.py", "python", "import price\nx = price.", "\n", "", "crosscodeeval")


@pytest.mark.parametrize(
    ("trim", "hole", "text", "left"),
    [
        (whole, LOOP, "a\nb", "a\nb"),
        (filled_block, LOOP, "n += 1\n    n += 2\n", "n += 1\n    n += 2\n"),
        (filled_block, LOOP, "n += 1\nprint(n)\n", "n += 1\n"),  # what follows lies outside the loop
        (filled_block, LOOP, "n += 1\n    if n >", "n += 1\n"),
        (filled_block, LOOP, "n += (", ""),
        (filled_block, JAVA, "f(i);\ng(i);", "f(i);\ng(i);"),
        (filled_block, JAVA, "f(i);\n} }", "f(i);\n"),
        (control_expression, HEADER, "x > f(1)) { g(); }", "x > f(1)"),
        (control_expression, HEADER, "x > 1", "x > 1"),
        (control_expression, LOOP, "\nn in range(9):\n    pass", "n in range(9):"),
        (first_call, CALL, "os.path.join(a, b(c)) + d(e)", "os.path.join(a, b(c))"),
        (first_call, CALL, "os.name", "os.name"),
        (first_call, CALL, "os.getcwd", "os.getcwd"),
        (first_code_line, CALL, "\n# why\n\nx = 1\ny = 2", "x = 1"),
        (first_code_line, CALL, '"""One\ntwo\n"""\nx = 1', "x = 1"),
        (first_code_line, CALL, "# only\n# words", "# only"),
        (first_code_line, HEADER, "/* one\n two */\n// three\n  f();", "f();"),
        (one_statement, LINE, "total(\n    a,\n)\ny = 2", "total(\n    a,\n)"),
        (one_statement, LINE, "total(a)\ny = 2", "total(a)"),
        (one_statement, LINE, "total(\n    a", "total(\n    a"),
    ],
)
def test_what_is_left(trim: Trim, hole: Hole, text: str, left: str) -> None:
    assert trim(text, hole) == left


def test_holes_of_ones_own_are_judged_by_one_answer_as_it_is() -> None:
    assert (rule_of("line").goes_on, rule_of("line").trim) == (False, whole)
    assert (rule_of("humaneval-single-line").goes_on, rule_of("humaneval-multi-line").goes_on) == (False, True)
