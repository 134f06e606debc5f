"""Where a middle may be cut out of a file: the kinds, and the weights that training draws some of them by.

Training samples and evaluation holes are both drawn from here, those kinds that `places` finds by evaluation alone. A
span never lies in code that does not parse (random ones apart), never ends in a newline (that belongs to the suffix),
and starts where a cursor would stand.

    line     a statement that has its line to itself        node     any node of the syntax tree
    rest     from inside such a line to its end             aligned  a run of siblings, the nearest to a random span
    block    the statements of a block                      random   any characters
    bracket  what stands between two brackets               empty    nothing, after a whole statement
    comment  the statement that follows a comment
    import   an import line
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal, TypeAlias

import tree_sitter

from finetab.core.syntax import SyntaxTree, is_import, walk
from finetab_training.data.places import PLACES

SpanKind: TypeAlias = Literal[
    "line", "rest", "block", "bracket", "comment", "import", "node", "aligned", "random", "empty",
    "arguments", "condition", "control", "algorithm", "api",
]  # fmt: skip

# AST nodes and aligned runs are what helped most where masking was compared (AST-FIM, arXiv 2506.00204), with random
# characters beside them so that no cut is foreign; lines and rests are what an editor asks for most.
WEIGHTS: dict[SpanKind, float] = {
    "line": 0.18, "rest": 0.18, "block": 0.08, "bracket": 0.06, "comment": 0.04, "import": 0.02,
    "node": 0.16, "aligned": 0.16, "random": 0.10, "empty": 0.02,
}  # fmt: skip

_MIN_CHARACTERS = 4
_MAX_BLOCK_LINES = 12
_MAX_CHARACTERS = 600  # longer spans are over any budget of tokens
_MAX_RANDOM = 200
_SIZE_CAP = 512  # characters: above, a node's weight grows no more, or large ones would be all that is drawn
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` in characters."""

    start: int
    end: int
    kind: SpanKind


class FileSpans:
    """The spans of one file, each kind found when it is first drawn from."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._tree = tree
        self._found: dict[SpanKind, list[Span]] = {}

    def of(self, kind: SpanKind) -> list[Span]:
        """All spans of a kind that can be listed, in order, each once."""
        if kind not in self._found:
            spans = set(_listed(self._tree, self._nodes, kind))
            self._found[kind] = sorted(spans, key=lambda span: (span.start, span.end))
        return self._found[kind]

    def draw(self, kind: SpanKind, generator: Random) -> Span | None:
        """One span of a kind, None where the file has none."""
        if kind in _DRAWN:
            return _DRAWN[kind](self, generator)
        spans = self.of(kind)
        return generator.choice(spans) if spans else None

    def draw_node(self, generator: Random) -> Span | None:
        """Any node, the larger the likelier, up to a size."""
        if not self._sized:
            return None
        weights = [min(span.end - span.start, _SIZE_CAP) for span in self._sized]
        return generator.choices(self._sized, weights)[0]

    def draw_aligned(self, generator: Random) -> Span | None:
        """The run of siblings that overlaps best with a random span."""
        wanted = self.draw_random(generator)
        start, end = self._tree.byte_of(wanted.start), self._tree.byte_of(wanted.end)
        parent = self._tree.root.descendant_for_byte_range(start, end)
        if parent is None or parent.has_error or not parent.named_children:
            return None
        first, last = _best_run(parent.named_children, start, end)
        return _span(self._tree, first.start_byte, last.end_byte, "aligned")

    def draw_random(self, generator: Random) -> Span:
        """Any characters; empty only in a text without any but newlines."""
        text = self._tree.text
        start = generator.randrange(len(text))
        end = min(len(text), start + generator.randint(1, _MAX_RANDOM))
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        return Span(start, end, "random")

    @cached_property
    def _nodes(self) -> list[tree_sitter.Node]:
        nodes = list(walk(self._tree.root))
        broken = [(node.start_byte, node.end_byte) for node in nodes if node.is_error]
        return [
            node for node in nodes
            if node.is_named and not node.has_error
            and not any(start <= node.start_byte and node.end_byte <= end for start, end in broken)
        ]  # fmt: skip

    @cached_property
    def _sized(self) -> list[Span]:
        spans = (_span(self._tree, node.start_byte, node.end_byte, "node") for node in self._nodes)
        return [span for span in spans if span is not None]


def _listed(tree: SyntaxTree, nodes: Sequence[tree_sitter.Node], kind: SpanKind) -> Iterator[Span]:
    if kind in PLACES:
        found = (_span(tree, start, end, kind) for start, end in PLACES[kind](tree, nodes))
        return (span for span in found if span is not None)
    return (span for node in nodes for span in _LISTED[kind](tree, node))


def _span(tree: SyntaxTree, start_byte: int, end_byte: int, kind: SpanKind) -> Span | None:
    """A span without the blank space at its end; None when it is too short or too long."""
    if not _MIN_CHARACTERS <= end_byte - start_byte <= 4 * _MAX_CHARACTERS:
        return None
    start, end = tree.char_of(start_byte), tree.char_of(end_byte)
    end -= len(tree.text[start:end]) - len(tree.text[start:end].rstrip())
    return Span(start, end, kind) if _MIN_CHARACTERS <= end - start <= _MAX_CHARACTERS else None


def _best_run(siblings: list[tree_sitter.Node], start: int, end: int) -> tuple[tree_sitter.Node, tree_sitter.Node]:
    """First and last of the run of siblings with the best overlap (intersection over union) with `[start, end)`."""
    touched = [index for index, node in enumerate(siblings) if node.start_byte < end and node.end_byte > start]
    low, high = (touched[0], touched[-1]) if touched else (0, 0)
    # A better run differs at its ends only: what lies between touches the span whole.
    runs = [(first, last) for first in {low, min(low + 1, high)} for last in {high, max(high - 1, first)}]

    def overlap(run: tuple[int, int]) -> float:
        first, last = siblings[run[0]].start_byte, siblings[run[1]].end_byte
        common = max(0, min(end, last) - max(start, first))
        return common / (max(end, last) - min(start, first))

    first, last = max(sorted(runs), key=overlap)
    return siblings[first], siblings[last]


def _lines(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    span = _own_line(tree, node)
    if span is not None:
        yield Span(*span, "line")


def _ends(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    span = _own_line(tree, node)
    if span is not None:
        yield Span(span[1], span[1], "empty")


def _rests(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    """The rests of a statement's line from each of its inner nodes on."""
    span = _own_line(tree, node)
    if span is None:
        return
    for inner in walk(node):
        cut = tree.char_of(inner.start_byte)
        if span[0] < cut and cut + _MIN_CHARACTERS <= span[1]:
            yield Span(cut, span[1], "rest")


def _imports(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    if is_import(node):
        found = _span(tree, node.start_byte, node.end_byte, "import")
        if found is not None and "\n" not in tree.text[found.start : found.end]:
            yield found


def _own_line(tree: SyntaxTree, node: tree_sitter.Node) -> tuple[int, int] | None:
    """Start and end of a statement that has its line to itself."""
    if not tree.language.is_statement(node.type):
        return None
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
        return None
    return start, end


def _blocks(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    """The statements of a block, from the first one's line to the last one's end, brackets left out."""
    inner = [child for child in node.named_children if child.type != "comment"]
    if node.type not in tree.language.blocks or not inner:
        return
    start, end = tree.char_of(inner[0].start_byte), tree.char_of(inner[-1].end_byte)
    end -= len(tree.text[start:end]) - len(tree.text[start:end].rstrip())
    line_start = tree.text.rfind("\n", 0, start) + 1
    after = tree.text[end : tree.text.find("\n", end) if "\n" in tree.text[end:] else len(tree.text)]
    has_its_lines = not tree.text[line_start:start].strip() and not after.strip()
    if has_its_lines and start < end and 1 <= tree.text.count("\n", start, end) < _MAX_BLOCK_LINES:
        yield Span(start, end, "block")


def _brackets(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    """What stands between the brackets that a node begins and ends with."""
    first, last = (node.children[0], node.children[-1]) if node.child_count > 2 else (node, node)
    if _BRACKETS.get(first.type) == last.type:
        found = _span(tree, first.end_byte, last.start_byte, "bracket")
        if found is not None:
            yield found


def _after_comments(tree: SyntaxTree, node: tree_sitter.Node) -> Iterator[Span]:
    """A statement on the line below a comment that has its line to itself."""
    found = _span(tree, node.start_byte, node.end_byte, "comment")
    if found is None or not tree.language.is_statement(node.type):
        return
    before, newline, indent = tree.text[max(0, found.start - 400) : found.start].rpartition("\n")
    if newline and not indent.strip() and before.rpartition("\n")[2].lstrip().startswith(tree.language.comment):
        yield found


_LISTED: dict[SpanKind, Callable[[SyntaxTree, tree_sitter.Node], Iterator[Span]]] = {
    "line": _lines,
    "rest": _rests,
    "block": _blocks,
    "bracket": _brackets,
    "comment": _after_comments,
    "import": _imports,
    "empty": _ends,
}
_DRAWN: dict[SpanKind, Callable[[FileSpans, Random], Span | None]] = {
    "node": FileSpans.draw_node,
    "aligned": FileSpans.draw_aligned,
    "random": FileSpans.draw_random,
}
