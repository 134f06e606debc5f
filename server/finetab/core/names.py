"""Which names a stretch of Python reads before it gives them a value."""

import builtins
import keyword
import sys
from collections.abc import Callable, Mapping

import tree_sitter

_KNOWN = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names}
_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")


class Reads:
    """Walks nodes in the order in which they are executed, from a byte on.

    Bodies of functions and classes are passed over: they run later, when what they read may have a value.
    """

    def __init__(self, start_byte: int, end_byte: int) -> None:
        self._start, self._end = start_byte, end_byte
        self.given: set[str] = set()
        """The names that have got a value."""
        self.unmet: dict[str, bool] = {}
        """The names that nothing gives a value before they are read, in order, and whether each is called there."""

    def visit(self, node: tree_sitter.Node) -> None:
        """Walk one node."""
        if node.end_byte <= self._start or node.start_byte >= self._end:
            return
        special = _SPECIAL.get(node.type)
        if special is not None:
            special(self, node)
        elif node.type == "identifier" and not node.is_missing:
            self._read(node)
        else:
            self.visit_all(node)

    def visit_all(self, node: tree_sitter.Node) -> None:
        """Walk what a node is made of."""
        for child in node.named_children:
            self.visit(child)

    def _visit_fields(self, node: tree_sitter.Node, *names: str) -> None:
        for name in names:
            for child in node.children_by_field_name(name):
                self.visit(child)

    def _read(self, node: tree_sitter.Node) -> None:
        name = text_of(node)
        if node.start_byte >= self._start and name not in self.given and name not in self.unmet:
            call = node.parent
            is_called = call is not None and call.type == "call" and call.child_by_field_name("function") == node
            self.unmet[name] = is_called

    def _give(self, node: tree_sitter.Node | None) -> None:
        """All names of a target get a value; what a target with a point or an index stands on is read."""
        if node is None:
            return
        if node.type == "identifier":
            self.given.add(text_of(node))
        elif node.type in ("attribute", "subscript"):
            self.visit(node)
        else:
            for child in node.named_children:
                self._give(child)

    def _definition(self, node: tree_sitter.Node) -> None:
        self._give(node.child_by_field_name("name"))

    def _lambda(self, node: tree_sitter.Node) -> None:
        self._give(node.child_by_field_name("parameters"))
        self._visit_fields(node, "body")

    def _assignment(self, node: tree_sitter.Node) -> None:
        self._visit_fields(node, "right", "type")
        self._give(node.child_by_field_name("left"))

    def _for(self, node: tree_sitter.Node) -> None:
        self._visit_fields(node, "right")
        self._give(node.child_by_field_name("left"))
        self._visit_fields(node, "body", "alternative")

    def _comprehension(self, node: tree_sitter.Node) -> None:
        body = node.child_by_field_name("body")
        for child in node.named_children:
            if child != body:
                self.visit(child)
        if body is not None:
            self.visit(body)

    def _walrus(self, node: tree_sitter.Node) -> None:
        self._visit_fields(node, "value")
        self._give(node.child_by_field_name("name"))

    def _attribute(self, node: tree_sitter.Node) -> None:
        self._visit_fields(node, "object")

    def _keyword_argument(self, node: tree_sitter.Node) -> None:
        self._visit_fields(node, "value")

    def _names(self, node: tree_sitter.Node) -> None:
        for child in node.named_children:
            self._give(child)


def text_of(node: tree_sitter.Node) -> str:
    """What stands in the file there."""
    return (node.text or b"").decode("utf-8", "replace")


_SPECIAL: Mapping[str, Callable[[Reads, tree_sitter.Node], None]] = {
    "function_definition": Reads._definition,
    "class_definition": Reads._definition,
    "lambda": Reads._lambda,
    "assignment": Reads._assignment,
    "for_statement": Reads._for,
    "for_in_clause": Reads._for,
    "named_expression": Reads._walrus,
    "attribute": Reads._attribute,
    "keyword_argument": Reads._keyword_argument,
    **dict.fromkeys(_COMPREHENSIONS, Reads._comprehension),
    **dict.fromkeys(
        (
            "as_pattern_target", "import_statement", "import_from_statement", "global_statement", "nonlocal_statement",
            "case_pattern",
        ),
        Reads._names,
    ),
}  # fmt: skip


def is_own(name: str) -> bool:
    """Whether a name is one that code gives a value itself: none of Python's own, of its modules, of a class."""
    return name not in _KNOWN and not name.startswith("__") and not name[0].isupper() and name != "_"
