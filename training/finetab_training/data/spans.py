"""Where a middle may be cut out of a file: spans from the syntax tree, by kind.

Training samples and evaluation holes are both drawn from here. A span never lies in code that does not parse,
never ends in a newline (that belongs to the suffix), and starts where an editor's cursor would stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

import tree_sitter

from finetab.core.syntax import SyntaxTree, walk

SpanKind: TypeAlias = Literal["line", "rest", "block", "random"]
"""`line`: a whole statement on one line; `rest`: from inside a line to its end; `block`: the body of a block;
`random`: any characters."""

_MIN_CHARACTERS = 4
_MAX_BLOCK_LINES = 12


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` in characters."""

    start: int
    end: int
    kind: SpanKind


def spans_of(tree: SyntaxTree) -> list[Span]:
    """All line, rest and block spans of a file, in order, each once."""
    found = {span for node in walk(tree.root) if node.is_named for span in _spans_at(tree, node)}
    return sorted(found, key=lambda span: (span.start, span.end, span.kind))


def random_span(text: str, max_characters: int, generator: Random) -> Span:
    """A span of random characters that does not end in a newline; empty only in a text without any."""
    length = generator.randint(1, max_characters)
    start = generator.randrange(len(text))
    end = min(len(text), start + length)
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return Span(start, end, "random")


def _spans_at(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    if node.has_error:
        return
    if node.type in tree.language.blocks:
        yield from _block(tree, node)
    if tree.language.is_statement(node.type):
        yield from _line(tree, node)


def _line(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    """A statement that has its line to itself, and the rests of it from each of its inner nodes on."""
    start, end = tree.span(node)
    text = tree.text
    end -= len(text[start:end]) - len(text[start:end].rstrip())
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    after = text[end : line_end if line_end >= 0 else len(text)]
    # Some grammars leave the closing semicolon or comma outside the statement; it belongs to the line.
    end += len(after.rstrip()) if after.strip() in (";", ",") else 0
    alone = not text[line_start:start].strip() and not text[end : line_end if line_end >= 0 else len(text)].strip()
    if not alone or "\n" in text[start:end] or end - start < _MIN_CHARACTERS:
        return
    yield Span(start, end, "line")
    for inner in walk(node):
        cut = tree.char_of(inner.start_byte)
        if start < cut and cut + _MIN_CHARACTERS <= end:
            yield Span(cut, end, "rest")


def _block(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    """The statements of a block, from the first one's line to the last one's end, brackets left out."""
    inner = [child for child in node.named_children if child.type != "comment"]
    if not inner:
        return
    start, end = tree.char_of(inner[0].start_byte), tree.char_of(inner[-1].end_byte)
    end -= len(tree.text[start:end]) - len(tree.text[start:end].rstrip())
    line_start = tree.text.rfind("\n", 0, start) + 1
    after = tree.text[end : tree.text.find("\n", end) if "\n" in tree.text[end:] else len(tree.text)]
    has_its_lines = not tree.text[line_start:start].strip() and not after.strip()
    if has_its_lines and start < end and 1 <= tree.text.count("\n", start, end) < _MAX_BLOCK_LINES:
        yield Span(start, end, "block")
