"""What stands above a window that does not begin with its file."""

from pathlib import PurePath

import pytest

from finetab.completion.heading import heading
from finetab.core.languages import language_of

PYTHON = '''"""Words."""

import os
from x import (
    # of two
    y,
    z,
)


class Shape(Base):
    """A shape."""

    side: int

    def area(
        self, other: int
    ) -> int:
        a = 1
        b = 2
        return a


def other():
    c = 3
'''
GO = """package p

import (
\t"fmt"
)

func (s Shape) Area(x int) int {
\ta := 1
\tb := 2
\treturn a
}
"""


@pytest.mark.parametrize(
    ("path", "text", "at", "lines"),
    [
        ("a.py", PYTHON, "b = 2", ["import os", "from x import (", "    y,", "    z,", ")", "class Shape(Base):",
                                   "    def area(", "        self, other: int", "    ) -> int:"]),
        ("a.py", PYTHON, "side: int", ["import os", "from x import (", "    y,", "    z,", ")", "class Shape(Base):"]),
        ("a.py", PYTHON, "def other", ["import os", "from x import (", "    y,", "    z,", ")"]),
        ("a.py", PYTHON, "import os", []),
        ("a.go", GO, "b := 2", ["import (", '\t"fmt"', ")", "func (s Shape) Area(x int) int {"]),
    ],
)  # fmt: skip
def test_imports_and_open_signatures(path: str, text: str, at: str, lines: list[str]) -> None:
    start = text.rfind("\n", 0, text.index(at)) + 1
    language = language_of(PurePath(path))
    assert language is not None
    assert list(heading(text[:start], text[start:].partition("\n")[0], language)) == lines


def test_of_a_large_file_only_the_top_is_searched_for_imports() -> None:
    language = language_of(PurePath("a.py"))
    assert language is not None
    above = "import os\n" + "x = 1\n" * 20_000 + "import late\n\nclass A:\n"
    assert heading(above, "    a = 1", language) == ("import os", "class A:")
