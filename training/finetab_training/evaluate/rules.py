"""How the answer to a hole is taken, by the hole's kind: a hole of a benchmark is taken as that benchmark does.

Public benchmarks cut what a model wrote before they judge it, each by its own rule; the rules are re-created here from
their descriptions. Holes of all other kinds are judged by what one answer of the server says.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import tree_sitter

from finetab.core.prefix import common_prefix_length
from finetab.core.syntax import SyntaxTree, num_faults
from finetab_training.data.hole import Hole

Trim: TypeAlias = Callable[[str, Hole], str]
"""What counts of an answer."""


def whole(text: str, _hole: Hole) -> str:
    """All of it."""
    return text


def first_code_line(text: str, hole: Hole) -> str:
    """RepoBench: the first line that is neither blank nor a comment; the first line where there is none.

    A line that begins with the quotes of a docstring opens a comment, whatever it ends with.
    """
    opens, closes, comment = (('"""', "'''"),) * 2 + ("#",) if hole.language == "python" else (("/*",), ("*/",), "//")
    lines = text.lstrip("\n").split("\n")
    inside = False
    for line in map(str.strip, lines):
        if inside or line.startswith(opens):
            inside = not (inside and line.endswith(closes))
        elif line and not line.startswith(comment):
            return line
    return lines[0]


def one_statement(text: str, hole: Hole) -> str:
    """CrossCodeEval, Python: the shortest beginning that ends a line and parses after the prefix; else all of it."""
    ends = (index for index, letter in enumerate(text) if letter == "\n")
    beginnings = (text[:end].rstrip() for end in ends if text[:end].strip())
    return next((one for one in beginnings if _parses_after_prefix(one, hole)), text)


def _parses_after_prefix(text: str, hole: Hole) -> bool:
    tree = Hole(hole.path, hole.language, hole.prefix, "", "").document(text).tree
    return tree is not None and not num_faults(tree)


def control_expression(text: str, hole: Hole) -> str:
    """SAFIM: in Python the first line that is not blank; elsewhere up to the bracket that closes one of the file's."""
    if hole.language == "python":
        return next((line for line in text.splitlines() if line.strip()), "")
    return next((text[:index] for index, depth in _depths(text) if depth < 0), text)


def first_call(text: str, _hole: Hole) -> str:
    """SAFIM: up to and with the bracket that closes the first call."""
    return next((text[: index + 1] for index, depth in _depths(text) if depth <= 0 and text[index] == ")"), text)


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Each round bracket's index, and how many are open after it."""
    depth = 0
    for index, letter in enumerate(text):
        if letter in "()":
            depth += 1 if letter == "(" else -1
            yield index, depth


def filled_block(text: str, hole: Hole) -> str:
    """SAFIM: the longest beginning of whole lines that fills a block's place and leaves the tree around it alone."""
    filler = "pass" if hole.language == "python" else ""
    around = hole.document(filler).tree
    lines = text.splitlines(keepends=True)
    beginnings = ("".join(lines[:count]) for count in range(len(lines), 0, -1))
    if around is None:
        return text
    return next((one for one in beginnings if _stands_in(hole.document(one).tree, around, filler)), "")


def _stands_in(tree: SyntaxTree | None, around: SyntaxTree, filler: str) -> bool:
    """Whether one tree is another one with something put in where the other has its filler, and has no more faults."""
    if tree is None or num_faults(tree) > num_faults(around):
        return False
    shape, outer = _shape(tree), _shape(around)
    room = 4 if filler else 0  # begin and end of the filler's own nodes: a statement and its word
    same = common_prefix_length(shape, outer) + common_prefix_length(shape[::-1], outer[::-1])
    return same >= len(outer) - room and len(shape) >= len(outer) - room


def _shape(tree: SyntaxTree) -> list[tuple[str, bool]]:
    """Where each node begins (True) and where it ends, by their kinds, in the order of the text."""
    cursor, shape = tree.root.walk(), []
    while True:
        shape.append((_kind(cursor), True))
        if cursor.goto_first_child():
            continue
        shape.append((_kind(cursor), False))
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return shape
            shape.append((_kind(cursor), False))


def _kind(cursor: tree_sitter.TreeCursor) -> str:
    assert cursor.node is not None  # a cursor stands on a node from its start
    return cursor.node.type


@dataclass(frozen=True, slots=True)
class Rule:
    """How an answer is taken."""

    goes_on: bool = False
    """Whether one answer is taken after the other until the model ends: the middles have several lines."""
    trim: Trim = whole


RULES: dict[str, Rule] = {
    "humaneval-multi-line": Rule(goes_on=True),
    "humaneval-random-span": Rule(goes_on=True),
    "safim-block": Rule(goes_on=True, trim=filled_block),
    "safim-control": Rule(trim=control_expression),
    "safim-api": Rule(goes_on=True, trim=first_call),
    "repobench": Rule(goes_on=True, trim=first_code_line),
    "crosscodeeval": Rule(goes_on=True, trim=one_statement),
}


def rule_of(kind: str) -> Rule:
    """The rule for holes of a kind: one answer, whole, where no benchmark says otherwise."""
    return RULES.get(kind, Rule())
