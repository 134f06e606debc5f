"""Which names a file of Python reads and never gives a value: those that it must import."""

import builtins
from collections.abc import Mapping

import tree_sitter

from finetab.core.names import text_of
from finetab.core.syntax import SyntaxTree

_KNOWN = {*dir(builtins), "reveal_type", "_"}
_GIVING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "assignment": ("left", ("type", "right")),
    "augmented_assignment": ("left", ("right",)),
    "named_expression": ("name", ("value",)),
    "for_statement": ("left", ("right", "body", "alternative")),
    "for_in_clause": ("left", ("right",)),
    "function_definition": ("name", ("type_parameters", "parameters", "return_type", "body")),
    "class_definition": ("name", ("type_parameters", "superclasses", "body")),
    "default_parameter": ("name", ("value",)),
    "typed_default_parameter": ("name", ("type", "value")),
}
"""By kind of node: the field that is given a value, and those that are read."""
_ALL_GIVEN = (
    "pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "dictionary_splat_pattern", "parameters",
    "lambda_parameters", "global_statement", "nonlocal_statement", "as_pattern_target", "case_pattern", "dotted_name",
    "type_parameter",
)  # fmt: skip
_IMPORTS = ("import_statement", "import_from_statement", "future_import_statement")


class Names:
    """All names of a file, wherever they stand: what one means in one place, it may mean in another."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._given: set[str] = set()
        self._read: dict[str, bool] = {}
        self.is_open = False
        """Whether any name may come from elsewhere: `from module import *`."""
        try:
            self._visit(tree.root)
        except RecursionError:  # a sum of a thousand: nothing is known then
            self._read, self.is_open = {}, True

    @property
    def unbound(self) -> dict[str, bool]:
        """Those that are read and given no value, in order; True where nothing but attributes is read of one.

        Python's own are none of them.
        """
        known = self._given | _KNOWN
        found = ((name, is_base) for name, is_base in self._read.items() if name not in known)
        return {name: is_base for name, is_base in found if not name.startswith("__")}

    def _visit(self, node: tree_sitter.Node) -> None:
        if node.type == "identifier":
            self._read[text_of(node)] = False
        elif node.type == "attribute":
            self._visit_base(node.child_by_field_name("object"))
        elif node.type == "keyword_argument":
            self._visit_fields(node, "value")
        elif node.type in _GIVING:
            given, read = _GIVING[node.type]
            self._give(node.child_by_field_name(given))
            self._visit_fields(node, *read)
        elif node.type in _ALL_GIVEN:
            self._give(node)
        elif node.type in _IMPORTS:
            self._import(node)
        else:
            for child in node.named_children:
                self._visit(child)

    def _visit_fields(self, node: tree_sitter.Node, *names: str) -> None:
        for name in names:
            for child in node.children_by_field_name(name):
                self._visit(child)

    def _visit_base(self, node: tree_sitter.Node | None) -> None:
        if node is not None and node.type == "identifier":
            self._read.setdefault(text_of(node), True)
        elif node is not None:
            self._visit(node)

    def _give(self, node: tree_sitter.Node | None) -> None:
        if node is None:
            return
        if node.type == "identifier":
            self._given.add(text_of(node))
        elif node.type in _ALL_GIVEN:
            for child in node.named_children:
                self._give(child)
        elif node.type == "typed_parameter":
            self._give(node.named_children[0])
            self._visit_fields(node, "type")
        elif node.type == "class_pattern":
            name, *patterns = node.named_children
            self._visit_base(name.named_children[0])
            for pattern in patterns:
                self._give(pattern)
        elif node.type == "keyword_pattern":
            self._give(node.named_children[-1])
        elif node.type == "type":  # of a type parameter
            self._give(node.named_children[0])
        elif node.type == "constrained_type":
            name, *bounds = node.named_children
            self._give(name)
            for bound in bounds:
                self._visit(bound)
        else:
            self._visit(node)

    def _import(self, node: tree_sitter.Node) -> None:
        self.is_open = self.is_open or any(child.type == "wildcard_import" for child in node.named_children)
        for name in node.children_by_field_name("name"):
            alias = name.child_by_field_name("alias") if name.type == "aliased_import" else name
            if alias is not None:
                self._given.add(text_of(alias).partition(".")[0])
