"""The imports that a file lacks, where the cursor stands among its imports.

    import json
    |                           <- `from pathlib import Path`

    def load(path: Path) -> dict:
        return json.loads(path.read_text())

A name that a file reads and gives no value must be imported. Which module has it is told by Python's own ones, by the
other open files or, where neither knows, by the model. These are Python's rules; other languages have no entry yet.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tree_sitter

from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.known_imports import is_module, modules_as, modules_of
from finetab.core.names import text_of
from finetab.core.syntax import SyntaxTree, is_import, is_prose
from finetab.core.unbound import Names
from finetab.documents import Edit, edited
from finetab.errors import BadInput

_MOST, _LONG = 16, 400  # statements or names, and letters of one
_UNIT = 4  # columns that a block stands in by
_NEAR = 2  # line breaks between imports
_WORDS = ("import", "from")
_BEGUN = re.compile(r"(?:import|from)\b[^(#;]*")
_FROM = re.compile(r"from ([\w.]+) import ((?:\w+, )*)")
_TYPES = re.compile(r"\s*if (?:\w+\.)?TYPE_CHECKING:\s*")


@dataclass(frozen=True, slots=True)
class Missing:
    """What a line may import."""

    statements: tuple[str, ...]
    """Modules, imported whole."""
    modules: Mapping[str, tuple[str, ...]]
    """Modules and what they have of what is missing."""
    names: tuple[str, ...]
    """All that is missing."""
    is_elsewhere: bool
    """Whether some of it is in modules that the model must know."""
    left: str
    """What stands before the cursor in its line."""
    column: int
    """Where the line begins."""

    def rests(self, line: str) -> list[str]:
        """What a line that holds so much may go on with."""
        text = line.lstrip()
        if text:
            return [rest for whole in self._wholes(text) if (rest := whole.removeprefix(text)) not in (whole, "")]
        blank = self.column - indentation(line)
        return [" " * blank + whole for whole in self._wholes("")] if blank in (0, 1) else []

    def _wholes(self, text: str) -> Iterator[str]:
        """Statements with their line breaks, and how those begin that the model must end."""
        yield from (f"{statement}\n" for statement in self.statements)
        yield from (f"from {module} import {', '.join(names)}\n" for module, names in self.modules.items())
        if self.is_elsewhere:
            yield "from "
        begun = _FROM.match(text)
        if begun is not None:
            said = re.findall(r"\w+", begun[2])
            names = [name for name in self.modules.get(begun[1], self.names) if name not in said]
            if begun[1] in self.modules and names:
                yield f"{begun[0]}{', '.join(names)}\n"
            else:
                yield from (f"{begun[0]}{name}{'' if names[1:] else chr(10)}" for name in names)


def missing(request: CompletionRequest) -> Missing | None:
    """What is missing where a line among the imports begins, or goes on; None in all other places."""
    document, tree = request.document, request.document.tree
    left = request.prefix.rpartition("\n")[2]
    begun = left.strip()
    is_free = not request.suffix.partition("\n")[0].strip()
    is_word = bool(_BEGUN.fullmatch(begun)) or any(word.startswith(begun) for word in _WORDS)
    if tree is None or tree.language.name != "python" or not (is_free and is_word) or is_prose(tree, request.offset):
        return None
    is_begun = bool(_BEGUN.fullmatch(begun))
    column, is_sure = _place(request, tree, left)
    if column is None and not is_begun:
        return None
    there = edited(document, Edit(request.offset - len(left), request.offset, ""), document.version).tree
    assert there is not None, "the language is known"
    found = Names(there)
    unbound = {name: is_base for name, is_base in found.unbound.items() if len(name) <= _LONG}
    statements = dict(_whole_modules(request, unbound))
    modules = _modules(request, [name for name in unbound if name not in statements.values()])
    known = {*statements.values(), *(name for names in modules.values() for name in names)}
    is_elsewhere = (is_begun or is_sure) and not found.is_open and not known.issuperset(unbound)
    if not (known or is_elsewhere):
        return None
    return Missing(
        statements=tuple(statements)[:_MOST],
        modules=dict(list(modules.items())[:_MOST]),
        names=tuple(unbound)[:_MOST],
        is_elsewhere=is_elsewhere,
        left=left,
        column=indentation(left) if column is None else column,
    )


def _place(request: CompletionRequest, tree: SyntaxTree, left: str) -> tuple[int | None, bool]:
    """The column of the imports that the line stands by; whether it stands between two, or right below one.

    None where it stands by none.
    """
    above = request.prefix[: len(request.prefix) - len(left)]
    header = above.rstrip().rpartition("\n")[2]
    if _TYPES.fullmatch(header):
        return indentation(left) or indentation(header) + _UNIT, True
    last = len(above.rstrip())
    first = len(tree.text) - len(request.suffix.partition("\n")[2].lstrip())
    upper, lower = _import_column(tree, last - 1), _import_column(tree, first)
    column = upper if lower is None else lower
    if column is None and not left[:1].isspace():
        return (0 if _says_nothing(tree, last) else None), False
    is_between = upper == lower or (column == 0 and above.count("\n", last) <= _NEAR)
    return (column if indentation(left) in (0, column) else None), is_between and upper is not None


def _import_column(tree: SyntaxTree, offset: int) -> int | None:
    byte = tree.byte_of(offset)
    node = tree.root.descendant_for_byte_range(byte, byte + 1) if 0 <= offset < len(tree.text) else None
    while node is not None and not is_import(node):
        node = node.parent
    return None if node is None else node.start_point.column


def _says_nothing(tree: SyntaxTree, end: int) -> bool:
    """Whether a file has nothing but comments and a docstring up to there."""
    above = (node for node in tree.root.named_children if node.start_byte < tree.byte_of(end))
    return all(
        node.type == "comment" or (node.type == "expression_statement" and node.named_children[0].type == "string")
        for node in above
    )


def _whole_modules(request: CompletionRequest, unbound: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """Statements that import a module, and the name that it has then."""
    for name, is_base in unbound.items():
        if is_base and is_module(name):
            yield f"import {name}", name
        elif is_base:
            yield from ((f"import {module} as {name}", name) for module in modules_as(name))
    for node in _imports_elsewhere(request, "import_statement"):
        for module in node.children_by_field_name("name"):
            name = text_of(module.child_by_field_name("alias") or module)
            if unbound.get(name):
                yield f"import {text_of(module)}", name


def _modules(request: CompletionRequest, unbound: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What modules have of what is unbound."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in _imports_elsewhere(request, "import_from_statement"):
        module = node.child_by_field_name("module_name")
        for name in map(text_of, node.children_by_field_name("name")):
            if module is not None and module.type == "dotted_name" and name in unbound:
                found[text_of(module)].add(name)
    for name in unbound:
        for known in modules_of(name):
            found[known].add(name)
    return {module: tuple(sorted(names, key=_order)) for module, names in found.items()}


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort has them."""
    return 0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2, name


def _imports_elsewhere(request: CompletionRequest, kind: str) -> Iterator[tree_sitter.Node]:
    """How the other open files begin."""
    for other in (*request.neighbours, *request.closed):
        if other.tree is not None and other.tree.language.name == "python":
            yield from (node for node in other.tree.root.named_children if node.type == kind)


def read_missing(told: Mapping[str, Any]) -> Missing:
    """What another process has told. Raises `BadInput` where it is nothing that `leaning` can have told."""
    kinds = {"statements": list, "modules": dict, "names": list, "is_elsewhere": bool, "left": str, "column": int}
    if told.keys() != kinds.keys() or not all(isinstance(told[key], kind) for key, kind in kinds.items()):
        raise BadInput(f"missing must have {', '.join(kinds)}, not {told!r:.80}.")
    lists = [told["statements"], list(told["modules"]), told["names"], *told["modules"].values()]
    are_lists = all(isinstance(one, list) and len(one) <= _MOST for one in lists)
    texts = [text for one in lists for text in one] if are_lists else [None]
    if not all(isinstance(text, str) and 0 < len(text) <= _LONG for text in (*texts, told["left"] or " ")):
        raise BadInput(f"missing may have {_MOST} texts of up to {_LONG} letters a list, not {lists!r:.80}.")
    modules = {module: tuple(names) for module, names in told["modules"].items()}
    names, statements = tuple(told["names"]), tuple(told["statements"])
    return Missing(statements, modules, names, told["is_elsewhere"], told["left"], told["column"])
