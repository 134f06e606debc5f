"""What the code after the cursor waits for: names that it reads and that nothing before it gives a value.

    def add_all(numbers):
        |                       <- `total` is wanted here, or a loop that gives it a value
        for number in numbers:
            total += number

Where there is such a name, the line at the cursor nearly always gives it its value. A small model often does not see
that, so the ids that such a line may begin with are favoured. The names are Python's to find by its rules; other
languages have no entry yet.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from string import ascii_letters, digits
from typing import Any

import numpy as np
import tree_sitter

from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.names import Reads, is_own
from finetab.core.syntax import SyntaxTree, is_prose
from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids
from finetab.documents import Edit, edited
from finetab.engine.base import Favoured
from finetab.errors import BadInput

_FAR = 4_000  # bytes after the cursor that are looked at
_MOST = 6  # names
_LONG = 200  # letters of one
_BLOCKS = ("for", "with", "async", "except")
_PARAMETERS = ("self", "cls")
_LETTERS = f"{ascii_letters}{digits}_"
_NEAR = 50  # lines after the cursor in which code must follow
_TARGETS = re.compile(r"\s*(?:async )?for(?: \w+,)*")
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
    least: int
    """Columns that the line begins with at least, to stay in its function."""
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
            headers = (*_BLOCKS, "def") if self.is_defined else _BLOCKS
            return self.names if columns >= self.indent else headers if columns >= self.least else ()
        if _DEFINITION.fullmatch(before):
            return self.called
        return self.names if _TARGETS.fullmatch(before) else ()


def wanted(request: CompletionRequest) -> Wanted | None:
    """What is wanted at the cursor; None where it stands within a line, or where the code after it has all it reads."""
    document, before = request.document, request.prefix
    left = before.rpartition("\n")[2]
    rest, _, below = request.suffix.partition("\n")
    following = next((line for line in below.split("\n", _NEAR) if line.strip()), None)
    is_begun = left.lstrip().isidentifier()
    if document.language is None or document.language.name != "python" or rest.strip():
        return None
    if left.strip() and not is_begun:
        return None
    if following is None or document.tree is None or is_prose(document.tree, request.offset):
        return None
    indent = indentation(following)
    start = _start(before, left, indent)
    statement = "for _ in _:" if indent > start else "pass"
    unmet, scope = _unmet(request, "" if is_begun else " " * (start - indentation(left)) + statement)
    names = [name for name in unmet if is_own(name)]
    code = _NO_CODE.sub("", before) if names else ""
    if any(code.count(opener) > code.count(closer) for opener, closer in ("()", "[]", "{}")):
        return None
    names = [name for name in names if not _is_known(name, code, below)][:_MOST]
    called = tuple(name for name in names if unmet[name])
    return (
        Wanted(
            names=tuple(name for name in names if name not in (*called, *_PARAMETERS)),
            called=called,
            left=left,
            least=0 if scope.parent is None else scope.start_point.column + 1,
            indent=indent,
            is_defined=bool(called) or scope.type != "function_definition" or not {*_PARAMETERS}.isdisjoint(names),
        )
        if names
        else None
    )


def _start(before: str, left: str, indent: int) -> int:
    """Columns at which a line begins that has so much on its left; `indent` are those of the next one."""
    if left:
        return indentation(left)
    above = next((line for line in reversed(before[-_FAR:].split("\n")) if line.strip()), "")
    start = indentation(above)
    return max(indent, start + 1) if above.rstrip().endswith(":") else start


def _statement(columns: int, *, opens_block: bool) -> str:
    """Something to stand in for what is wanted, so that what comes after it parses."""
    return " " * columns + ("for _ in _:" if opens_block else "pass")


def _is_known(name: str, before: str, below: str) -> bool:
    """Whether a name occurs before the cursor, or is given a value for the whole file after it."""
    given = (
        rf"^(?:(?:async )?def |class )?{name}\b(?!\s*[.\[(])|^ *(?:async )?def {name}\b|^(?:from|import)\b.*\b{name}\b"
    )
    return bool(re.search(rf"\b{name}\b", before) or re.search(given, below, re.MULTILINE))


def _unmet(request: CompletionRequest, statement: str) -> tuple[dict[str, bool], tree_sitter.Node]:
    """Names that are read after the cursor in its own function, nowhere given a value before; and that function."""
    tree = edited(request.document, Edit(request.offset, request.offset, statement), request.document.version).tree
    assert tree is not None, "the document has a language"
    byte = tree.byte_of(request.offset + len(statement))
    scope = _scope(tree, byte)
    reads = Reads(byte, min(scope.end_byte, byte + _FAR))
    for child in scope.named_children:
        reads.visit(child)
    return reads.unmet, scope


def _scope(tree: SyntaxTree, byte: int) -> tree_sitter.Node:
    node = tree.root.descendant_for_byte_range(byte - 1, byte)
    while node is not None and node.type not in ("function_definition", "class_definition"):
        node = node.parent
    return node or tree.root


def favoured(tokenizer: Tokenizer, tail: Sequence[int], what: Wanted | None) -> Favoured:
    """The ids that may begin what is wanted, as an engine asks for them; `tail` is the prompt's."""
    return Favoured() if what is None else Favoured(_Favour(tokenizer, tail, what).ids, asdict(what))


def read_wanted(told: Mapping[str, Any]) -> Wanted:
    """What another process has told. Raises `BadInput` where it is nothing that `favoured` can have told."""
    try:
        names, called = (tuple(told[key]) for key in ("names", "called"))
        what = Wanted(
            names, called, str(told["left"]), int(told["least"]), int(told["indent"]), bool(told["is_defined"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"wanted must have names, called, left, least, indent and is_defined, not {told!r:.80}."
        ) from error
    words = (*names, *called)
    if len(words) > _MOST or not all(
        isinstance(word, str) and len(word) <= _LONG and word.isidentifier() for word in words
    ):
        raise BadInput(f"wanted may name {_MOST} identifiers of up to {_LONG} letters, not {words!r:.80}.")
    return what


class _Favour:
    """The ids that may begin what is wanted at the end of one prompt."""

    def __init__(self, tokenizer: Tokenizer, tail: Sequence[int], what: Wanted) -> None:
        self._tokenizer = tokenizer
        self._what = what
        self._before = what.left.removesuffix(tokenizer.decode(tail).rpartition("\n")[2])

    def ids(self, said: Sequence[int]) -> Ids | None:
        """Those that may follow the ids that have been said, the tail's among them; None for none."""
        before, line_break, line = self._tokenizer.decode(said).rpartition("\n")
        if before.strip():
            return None
        line = line if line_break else self._before + line
        found = (self._next(line, rest) for rest in self._what.rests(line))
        ids = sorted({index for index in found if index is not None})
        return np.array(ids, dtype=np.int64) if ids else None

    def _next(self, line: str, word: str) -> int | None:
        """The id that goes on from a line where a word follows; None where one id covers the end of the line too."""
        ids = self._tokenizer.encode(line + word)
        for place in range(len(ids)):
            said = self._tokenizer.decode(ids[:place])
            if len(said) >= len(line):
                return ids[place] if said == line else None
        return None
