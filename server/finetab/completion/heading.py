"""What a prefix that has been cut would lose: the file's imports, and the signatures that its window lies under."""

from collections.abc import Iterator

import tree_sitter

from finetab.core.syntax import SyntaxTree, is_import
from finetab.documents import Document

_MAX_SIGNATURE_LINES = 4


def heading(document: Document, start: int) -> list[str]:
    """Lines that a window beginning at `start` should have above it: imports in their order, outer signatures, inner.

    Without a tree there are none.
    """
    tree = document.tree
    if tree is None:
        return []
    before = tree.byte_of(start)
    imports = [node for node in tree.root.named_children if is_import(node) and node.end_byte <= before]
    lines = [line for node in imports for line in _lines(tree, node.start_byte, node.end_byte)]
    return lines + [line for node in _around(tree, before) for line in _signature(tree, node)]


def _around(tree: SyntaxTree, byte: int) -> list[tree_sitter.Node]:
    """The definitions that a byte lies in, the outermost first."""
    node, found = tree.root.descendant_for_byte_range(byte, byte), []
    while node is not None:
        if node.start_byte < byte < node.end_byte and _block(tree, node) and tree.language.is_statement(node.type):
            found.append(node)
        node = node.parent
    return found[::-1]


def _block(tree: SyntaxTree, node: tree_sitter.Node) -> tree_sitter.Node | None:
    return next((child for child in node.named_children if child.type in tree.language.blocks), None)


def _signature(tree: SyntaxTree, node: tree_sitter.Node) -> list[str]:
    """The lines before a definition's body, an opening brace with them."""
    block = _block(tree, node)
    assert block is not None
    brace = block.children[0].type == "{" if block.children else False
    return list(_lines(tree, node.start_byte, block.start_byte + brace))[:_MAX_SIGNATURE_LINES]


def _lines(tree: SyntaxTree, start: int, end: int) -> Iterator[str]:
    """The lines between two bytes, the first one from its beginning, without those that are blank or a comment."""
    first, last = tree.char_of(start), tree.char_of(end)
    first = tree.text.rfind("\n", 0, first) + 1
    for line in tree.text[first:last].split("\n"):
        if line.strip() and not line.lstrip().startswith(tree.language.comment):
            yield line.rstrip()
