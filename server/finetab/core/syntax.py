"""Syntax trees of source text: parse, follow an edit, and ask where blocks and statements stand.

Offsets in this module's public functions are characters of the text (code points); tree-sitter's are
UTF-8 bytes, and the conversion happens here and nowhere else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import tree_sitter

from finetab.core.languages import Language, grammar

_BLOCK = 4096  # bytes between two counts of characters
_IMPORTS = ("import", "use_declaration", "preproc_include", "using_directive")  # in names of nodes
_CONTINUATION = bytes(range(0x80, 0xC0))  # the bytes of UTF-8 that begin no character


@dataclass(frozen=True)
class SyntaxTree:
    """A text and its tree. Immutable: an edit gives a new one and re-uses what it can."""

    text: str
    language: Language
    tree: tree_sitter.Tree
    data: bytes
    """The text in UTF-8, as it was parsed; a lone surrogate counts as one question mark."""

    @property
    def root(self) -> tree_sitter.Node:
        """The node of the whole file."""
        return self.tree.root_node

    def byte_of(self, offset: int) -> int:
        """Characters to bytes."""
        return offset if len(self.data) == len(self.text) else len(_encode(self.text[:offset]))

    def char_of(self, byte: int) -> int:
        """Bytes to characters; a byte inside a character gives that character's start."""
        if len(self.data) == len(self.text):
            return byte
        block = byte // _BLOCK
        begun = self._characters_before[block] + _num_begun(self.data[block * _BLOCK : byte])
        return begun - (byte < len(self.data) and self.data[byte] in _CONTINUATION)

    @cached_property
    def _characters_before(self) -> list[int]:
        """Characters that begin before each block of bytes: a file has many nodes, and counting from its start
        for each would be quadratic."""
        blocks = (self.data[start : start + _BLOCK] for start in range(0, len(self.data), _BLOCK))
        return [0, *accumulate(_num_begun(block) for block in blocks)]

    def span(self, node: tree_sitter.Node) -> tuple[int, int]:
        """Start and end of a node, in characters."""
        return self.char_of(node.start_byte), self.char_of(node.end_byte)


def _num_begun(data: bytes) -> int:
    return len(data.translate(None, _CONTINUATION))


def parse(text: str, language: Language) -> SyntaxTree:
    """Parse a whole text."""
    data = _encode(text)
    return SyntaxTree(text, language, _parser(language).parse(data), data)


def edit(tree: SyntaxTree, start: int, end: int, replacement: str) -> SyntaxTree:
    """The tree after `text[start:end]` has become `replacement`; only what changed is parsed again."""
    text = tree.text[:start] + replacement + tree.text[end:]
    data = _encode(text)
    old = tree.tree.copy()
    old.edit(
        tree.byte_of(start),
        tree.byte_of(end),
        tree.byte_of(start) + len(_encode(replacement)),
        _point(tree.text, start),
        _point(tree.text, end),
        _point(text, start + len(replacement)),
    )
    return SyntaxTree(text, tree.language, _parser(tree.language).parse(data, old), data)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _parser(language: Language) -> tree_sitter.Parser:
    return tree_sitter.Parser(grammar(language))


def _point(text: str, offset: int) -> tree_sitter.Point:
    line_start = text.rfind("\n", 0, offset) + 1
    column = len(_encode(text[line_start:offset]))
    return tree_sitter.Point(text.count("\n", 0, offset), column)


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """All nodes below and with `node`, parents first, by one cursor (plain child lists are ten times slower)."""
    cursor = node.walk()
    while True:
        current = cursor.node
        assert current is not None
        yield current
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def is_import(node: tree_sitter.Node) -> bool:
    """Whether a node brings names of other files in."""
    return any(word in node.type for word in _IMPORTS)


def num_faults(tree: SyntaxTree) -> int:
    """How many places do not parse."""
    faults, left = 0, [tree.root]
    while left:
        node = left.pop()
        faults += node.is_error or node.is_missing
        left += [child for child in node.children if child.has_error or child.is_missing] if node.has_error else []
    return faults


def enclosing_block(tree: SyntaxTree, offset: int) -> tree_sitter.Node | None:
    """The innermost block whose inside holds the character at `offset`, or None at top level."""
    byte = tree.byte_of(offset)
    node = tree.root.descendant_for_byte_range(byte, byte)
    while node is not None and not (node.type in tree.language.blocks and node.start_byte <= byte < node.end_byte):
        node = node.parent
    return node


def opens_block(tree: SyntaxTree, offset: int) -> bool:
    """Whether the token that ends at `offset` opens a block: none in a comment or a string, no operator."""
    token = _token_before(tree, offset)
    is_operator = token.parent is not None and token.parent.type == "binary"
    if token.type not in tree.language.openers or is_operator or _names_values(token):
        return False
    if not tree.language.probe:
        return True
    probed = edit(tree, offset, len(tree.text), tree.language.probe)
    statement = _token_before(probed, len(probed.text))
    while statement.parent is not None and statement.parent.start_byte == statement.start_byte:
        if statement.parent.type in tree.language.blocks:
            return True
        statement = statement.parent
    return False


def _names_values(token: tree_sitter.Node) -> bool:
    """Whether it is the `in` of a loop, `for file in`, and not that of a case: `case $1 in`."""
    subject = token.prev_sibling
    keyword = None if subject is None else subject.prev_sibling
    return token.type == "in" and (keyword is None or keyword.type != "case")


def is_prose(tree: SyntaxTree, offset: int) -> bool:
    """Whether what ends at `offset` is a comment or a part of a string."""
    node: tree_sitter.Node | None = _token_before(tree, offset)
    while node is not None and node.type not in tree.language.blocks:
        if "comment" in node.type or "string" in node.type:
            return True
        node = node.parent
    return False


def before_comments(tree: SyntaxTree, offset: int) -> int:
    """Where the code that ends at `offset` really ends: before the comments that end there; 0 where there is none."""
    while offset and "comment" in (token := _token_before(tree, offset)).type:
        offset = len(tree.text[: tree.char_of(token.start_byte)].rstrip())
    return offset


def ends_long_string(tree: SyntaxTree, offset: int) -> bool:
    """Whether what ends at `offset` is a string of several lines, or within one."""
    node: tree_sitter.Node | None = _token_before(tree, offset)
    while node is not None and not ("string" in node.type and node.start_point.row != node.end_point.row):
        node = node.parent
    return node is not None


def _token_before(tree: SyntaxTree, offset: int) -> tree_sitter.Node:
    byte = tree.byte_of(offset)
    return _token_in(tree, max(0, byte - 1), byte)


def _token_in(tree: SyntaxTree, start: int, end: int) -> tree_sitter.Node:
    token = tree.root.descendant_for_byte_range(start, end)
    return tree.root if token is None else token


def block_end(tree: SyntaxTree, offset: int) -> int | None:
    """Where the block around `offset` closes, in characters, if it does before the text ends; else None.

    A block with braces is closed by its brace, which belongs to it; one made by indentation ends with its
    last statement, and is closed only when something stands after it.
    """
    block = enclosing_block(tree, offset)
    if block is None or block.end_byte <= tree.byte_of(offset):
        return None
    last = block.children[-1] if block.children else None
    end = tree.char_of(block.end_byte)
    if last is not None and last.type in ("}", ")", "end", "done", "fi", "esac"):
        return None if last.is_missing else end
    return end if tree.text[end:].strip() else None


def is_bracket(tree: SyntaxTree, offset: int) -> bool:
    """Whether the bracket at `offset` is one, also as in `$(`, and no letter of a string, a pattern or a comment."""
    return _token_at(tree, offset).type.endswith(tree.text[offset])


def is_opening_brace(tree: SyntaxTree, offset: int) -> bool:
    """Whether the token at `offset` opens a brace, and not a brace in a comment or a string."""
    return _token_at(tree, offset).type == "{"


def brace_end(tree: SyntaxTree, offset: int) -> int | None:
    """Where the brace that opens at `offset` is closed, in characters; None where it is not."""
    closer = _token_at(tree, offset).next_sibling
    while closer is not None and closer.type != "}":
        closer = closer.next_sibling
    return None if closer is None or closer.is_missing else tree.char_of(closer.end_byte)


def closes_bracket(tree: SyntaxTree, offset: int) -> bool:
    """Whether the bracket at `offset` closes the innermost one that is open before it."""
    depth = 0
    for place in range(offset - 1, -1, -1):
        letter = tree.text[place]
        if letter not in "()[]{}" or not _token_at(tree, place).type.endswith(letter):  # `${` opens a brace as well
            continue
        if letter in ")]}":
            depth += 1
        elif depth:
            depth -= 1
        else:
            return letter + tree.text[offset] in ("()", "[]", "{}")
    return False


def _token_at(tree: SyntaxTree, offset: int) -> tree_sitter.Node:
    byte = tree.byte_of(offset)
    return _token_in(tree, byte, byte + 1)


def after_comments(tree: SyntaxTree, offset: int) -> int:
    """The first character from `offset` on that is neither blank nor in a comment; the text's length for none."""
    text = tree.text
    while True:
        offset = len(text) - len(text[offset:].lstrip())
        token = _token_at(tree, offset)
        if offset == len(text) or "comment" not in token.type:
            return offset
        offset = tree.char_of(token.end_byte)


def border_after(tree: SyntaxTree, start: int, end: int) -> int | None:
    """The first line in `[start, end)` that a node begins, outermost first; None where there is none.

    This is where a prompt may begin without cutting a statement in two.
    """
    low, high = tree.byte_of(start), tree.byte_of(end)
    # A cursor: stepping by Node.first_child_for_byte and next_sibling crashes py-tree-sitter 0.26 on some trees.
    cursor = tree.root.walk()
    while cursor.goto_first_child_for_byte(low) is not None:
        spanning = cursor.node
        while (node := cursor.node) is not None and node.start_byte < high:
            line = _line_it_begins(tree, node)
            if line is not None and line >= start:
                return line
            if not cursor.goto_next_sibling():
                break
        if spanning is None or not spanning.start_byte < low < spanning.end_byte:
            return None
        # No statement of this level begins here: look inside the one that goes on through here.
        cursor.reset(spanning)
    return None


def _line_it_begins(tree: SyntaxTree, node: tree_sitter.Node) -> int | None:
    start = tree.char_of(node.start_byte)
    line_start = tree.text.rfind("\n", 0, start) + 1
    return None if tree.text[line_start:start].strip() else line_start
