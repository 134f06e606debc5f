"""Places by what a program says there, found by the fields of syntax nodes, so that one finder serves all languages.

arguments  what stands between the brackets of a call
condition  what an `if`, a `while` or their like asks
control    what stands between the keyword of a loop or branch and its body (SAFIM's control-flow expression)
algorithm  the body of a loop or branch (SAFIM's algorithmic block)
api        a call of something that the file imports (SAFIM's API call)

Each finder gives ranges of bytes. (SAFIM: arXiv 2403.04814.)
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import tree_sitter

from finetab.core.syntax import SyntaxTree, is_import

Find: TypeAlias = Callable[[SyntaxTree, Sequence[tree_sitter.Node]], Iterator[tuple[int, int]]]

_CONTROL = re.compile(
    r"(enhanced_)?(for|foreach|while|until|do|loop|if|unless|elif|elsif|else|switch|match|try|catch|except)(_|$)"
)
_BODIES = ("body", "consequence")
_ROOTS = ("function", "object", "receiver", "scope", "path", "name", "value", "operand", "expression")
_WORD = re.compile(r"\w+")


def _arguments(_tree: SyntaxTree, nodes: Sequence[tree_sitter.Node]) -> Iterator[tuple[int, int]]:
    for node in nodes:
        given = node.child_by_field_name("arguments")
        if given is not None and given.child_count > 2 and given.children[0].type == "(":
            yield given.children[1].start_byte, given.children[-2].end_byte


def _conditions(_tree: SyntaxTree, nodes: Sequence[tree_sitter.Node]) -> Iterator[tuple[int, int]]:
    for node in nodes:
        asked = node.child_by_field_name("condition")
        if asked is not None:
            yield _inside([asked])


def _controls(_tree: SyntaxTree, nodes: Sequence[tree_sitter.Node]) -> Iterator[tuple[int, int]]:
    for node in nodes:
        body = _body(node)
        if body is None or not _CONTROL.match(node.type):
            continue
        before = (child for child in node.named_children if child.end_byte <= body.start_byte)
        header = [child for child in before if not _is_comment(child)]
        if header:
            yield _inside(header)


def _algorithms(tree: SyntaxTree, nodes: Sequence[tree_sitter.Node]) -> Iterator[tuple[int, int]]:
    for node in nodes:
        inner = [child for child in node.named_children if not _is_comment(child)]
        is_body = node.type in tree.language.blocks and node.parent is not None and _CONTROL.match(node.parent.type)
        if is_body and inner:
            yield inner[0].start_byte, inner[-1].end_byte


def _calls(tree: SyntaxTree, nodes: Sequence[tree_sitter.Node]) -> Iterator[tuple[int, int]]:
    imported = {word for node in nodes if is_import(node) for word in _WORD.findall(_text(tree, node))}
    for node in nodes:
        if node.child_by_field_name("arguments") is not None and _root(tree, node) in imported:
            yield node.start_byte, node.end_byte


def _root(tree: SyntaxTree, node: tree_sitter.Node) -> str:
    """The first name of a dotted one, through calls and subscripts."""
    inner: tree_sitter.Node | None = node
    while inner is not None and inner.named_child_count:
        node = inner
        inner = next(filter(None, map(node.child_by_field_name, _ROOTS)), node.named_children[0])
    last = node if inner is None else inner
    return _text(tree, last)


def _text(tree: SyntaxTree, node: tree_sitter.Node) -> str:
    return tree.data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _body(node: tree_sitter.Node) -> tree_sitter.Node | None:
    return next(filter(None, map(node.child_by_field_name, _BODIES)), None)


def _inside(nodes: Sequence[tree_sitter.Node]) -> tuple[int, int]:
    """From the first to the last of some nodes; what stands between the brackets where one pair holds it all."""
    only = nodes[0] if len(nodes) == 1 else None
    if only is not None and only.child_count > 2 and (only.children[0].type, only.children[-1].type) == ("(", ")"):
        return only.children[0].end_byte, only.children[-1].start_byte
    return nodes[0].start_byte, nodes[-1].end_byte


def _is_comment(node: tree_sitter.Node) -> bool:
    return "comment" in node.type


PLACES: dict[str, Find] = {
    "arguments": _arguments,
    "condition": _conditions,
    "control": _controls,
    "algorithm": _algorithms,
    "api": _calls,
}
