"""What the code after the cursor waits for: names that nothing before it gives a value, and headers of blocks.

    def add_all(numbers):
        |                       <- `total` is wanted here, or a loop that gives it a value
        for number in numbers:
            total += number

Where there is such a name, the line at the cursor nearly always gives it its value; and where the next line stands
further in, it must open a block. A small model often does not see that, so the ids that such a line may begin with are
favoured. These are Python's rules; other languages have no entry yet.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Any

import tree_sitter

from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.names import Reads, is_own
from finetab.core.syntax import SyntaxTree, is_prose
from finetab.documents import Edit, edited
from finetab.errors import BadInput

_UNITS = (2, 4)  # columns that a block stands in by
_FAR = 4_000  # bytes after the cursor that are looked at
_MOST = 6  # names
_LONG = 200  # letters of one
_GIVING = ("for", "with", "async", "except")
_HEADERS = (*_GIVING, "if", "elif", "else", "while", "try", "finally", "def", "class", "match", "case")
_PARAMETERS = ("self", "cls")
_LETTERS = f"{ascii_letters}{digits}_"
_NEAR = 50  # lines after the cursor in which code must follow
_TARGETS = re.compile(r"\s*(?:async )?for(?: \w+,)*")
_ALL = re.compile(r"^ *from .* import \*", re.MULTILINE)  # any name may come from there
_DEFINITION = re.compile(r"\s*(?:async )?def")
_NO_CODE = re.compile(r'(\'\'\'|""")[\s\S]*?(?:\1|\Z)|\'(?:\\.|[^\'\\\n])*\'|"(?:\\.|[^"\\\n])*"|#.*')


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names, and where the line that gives them a value stands."""

    names: tuple[str, ...]
    called: tuple[str, ...]
    """Those that are called where they are read first: functions."""
    left: str
    """What stands before the cursor in its line."""
    columns: tuple[int, ...]
    """Where the line may begin: those of the blocks that the cursor is in."""
    indent: int
    """Columns that the next line of code begins with; a line with less of them opens a block."""
    is_defined: bool
    """Whether the block may be a function's."""

    def rests(self, line: str) -> list[str]:
        """What a line that holds so much may go on with: a word, the rest of one, or one behind a space."""
        if not line.strip():
            return [*self._words(line), *(f" {word}" for word in self._words(f"{line} "))]
        if words := self._words(line.rstrip(" ")):
            return [word if line.endswith(" ") else f" {word}" for word in words]
        start = len(line.rstrip(_LETTERS))
        words, said = self._words(line[:start].rstrip(" ") or line[:start]), line[start:]
        return [] if said in words else [word[len(said) :] for word in words if said and word.startswith(said)]

    def _words(self, before: str) -> Sequence[str]:
        """The words that may come after this much of a line."""
        if not before.strip():
            columns = indentation(before)
            if columns not in self.columns:
                return ()
            return self.names if columns >= self.indent else self._headers
        if _DEFINITION.fullmatch(before):
            return self.called
        return self.names if _TARGETS.fullmatch(before) else ()

    @property
    def _headers(self) -> Sequence[str]:
        if not self.names and not self.is_defined:
            return _HEADERS
        return (*_GIVING, "def") if self.is_defined else _GIVING


def wanted(request: CompletionRequest) -> Wanted | None:
    """What is wanted at the cursor; None where it stands within a line, or where the code after it has all it reads."""
    before = request.prefix
    left = before.rpartition("\n")[2]
    rest, _, below = request.suffix.partition("\n")
    following = next((line for line in below.split("\n", _NEAR)[:_NEAR] if _is_code(line)), "")
    if not following or rest.strip() or not _may_begin_statement(request, left):
        return None
    indent = indentation(following)
    unmet, scope = _unmet(request, left, indent)
    least = 0 if scope.parent is None else scope.start_point.column + 1
    columns = _columns(before, left, indent, least)
    names = [name for name in unmet if is_own(name)]
    code = _NO_CODE.sub("", before) if names or _opens_block(columns, indent) else ""
    names = [] if _ALL.search(code) else [name for name in names if not _is_known(name, code, below)][:_MOST]
    if not (names or _opens_block(columns, indent)) or _goes_on(code):
        return None
    called = tuple(name for name in names if unmet[name])
    has_parameters = not {*_PARAMETERS}.isdisjoint(names)
    return Wanted(
        names=tuple(name for name in names if name not in (*called, *_PARAMETERS)),
        called=called,
        left=left,
        columns=columns,
        indent=indent,
        is_defined=bool(names) and (bool(called) or has_parameters or scope.type != "function_definition"),
    )


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _opens_block(columns: Sequence[int], indent: int) -> bool:
    """Whether a line at one of these columns must open a block, the next one being so far in."""
    return any(column < indent for column in columns)


def _goes_on(code: str) -> bool:
    """Whether a statement goes on behind the end of a text."""
    is_open = any(code.count(opener) > code.count(closer) for opener, closer in ("()", "[]", "{}"))
    return is_open or code.rstrip().endswith("\\")


def _may_begin_statement(request: CompletionRequest, left: str) -> bool:
    document = request.document
    is_known = document.tree is not None and document.language is not None and document.language.name == "python"
    if not is_known or not (left.isspace() or not left or left.lstrip().isidentifier()):
        return False
    return document.tree is not None and not is_prose(document.tree, request.offset)


def _is_known(name: str, before: str, below: str) -> bool:
    """Whether a name occurs before the cursor, or is given a value for the whole file after it."""
    given = (
        rf"^(?:(?:async )?def |class )?{name}\b(?!\s*[.\[(])|^ *(?:async )?def {name}\b|^(?:from|import)\b.*\b{name}\b"
    )
    return bool(re.search(rf"\b{name}\b", before) or re.search(given, below, re.MULTILINE))


def _unmet(request: CompletionRequest, left: str, indent: int) -> tuple[dict[str, bool], tree_sitter.Node]:
    """Names that are read after the cursor in its own function, nowhere given a value before; and that function.

    Something stands in for what is wanted, so that what comes after it parses.
    """
    start = _columns(request.prefix, left, indent, 0)[0]
    statement = " " * (start - indentation(left)) + ("for _ in _:" if indent > start else "pass")
    put_in = "" if left.strip() else statement
    tree = edited(request.document, Edit(request.offset, request.offset, put_in), request.document.version).tree
    assert tree is not None, "the language is known"
    byte = tree.byte_of(request.offset + len(put_in))
    scope = _scope(tree, byte)
    reads = Reads(byte, min(scope.end_byte, byte + _FAR))
    later = Reads(scope.end_byte, scope.end_byte + _FAR)
    try:
        _walk(scope, reads, later)
    except RecursionError:  # a sum of a thousand: nothing is known then
        return {}, scope
    return {name: is_called for name, is_called in reads.unmet.items() if name not in later.given}, scope


def _walk(scope: tree_sitter.Node, reads: Reads, later: Reads) -> None:
    for child in scope.named_children:
        reads.visit(child)
    around = scope.parent
    while around is not None and around.parent is not None:  # a function may use what those around it get later on
        if around.type == "function_definition":
            later.visit_all(around)
        around = around.parent


def _columns(before: str, left: str, indent: int, least: int) -> tuple[int, ...]:
    """At which a line may begin that has so much on its left: in a block that begins or goes on above it."""
    if left:
        return (indentation(left),)
    above = [line for line in before[-_FAR:].split("\n") if line.strip()] or [""]
    last = indentation(above[-1])
    unit = min(max(indent - last, _UNITS[0]), _UNITS[1]) if above[-1].rstrip().endswith(":") else 0
    found = [last + unit]
    for line in reversed(above):
        if least <= indentation(line) < found[-1]:
            found.append(indentation(line))
    return tuple(column for column in found if column >= least)


def _scope(tree: SyntaxTree, byte: int) -> tree_sitter.Node:
    node = tree.root.descendant_for_byte_range(byte - 1, byte)
    while node is not None and node.type not in ("function_definition", "class_definition"):
        node = node.parent
    return node or tree.root


def read_wanted(told: Mapping[str, Any]) -> Wanted:
    """What another process has told. Raises `BadInput` where it is nothing that `leaning` can have told."""
    kinds = {"names": list, "called": list, "left": str, "columns": list, "indent": int, "is_defined": bool}
    if told.keys() != kinds.keys() or not all(isinstance(told[key], kind) for key, kind in kinds.items()):
        raise BadInput(f"wanted must have {', '.join(kinds)}, not {told!r:.80}.")
    words, left = [*told["names"], *told["called"]], told["left"]
    are_names = all(isinstance(word, str) and len(word) <= _LONG and word.isidentifier() for word in words)
    are_numbers = all(type(column) is int for column in told["columns"])
    if len(words) > _MOST or len(left) > _LONG or not (are_names and are_numbers):
        raise BadInput(f"wanted may name {_MOST} identifiers of up to {_LONG} letters, not {words!r:.80}.")
    lists = {key: tuple(told[key]) for key in ("names", "called", "columns")}
    return Wanted(**{**told, **lists})
