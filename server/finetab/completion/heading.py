"""What a prefix that has been cut would lose: the file's imports, and the signatures that its window lies under.

Only the text above the window decides. Below it somebody types, and half-typed code changes the tree far above; a
heading that came and went with it would throw the KV cache away.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from finetab.completion.indentation import indentation
from finetab.core.languages import Language
from finetab.core.syntax import SyntaxTree, is_import, parse

_MAX_SIGNATURE_LINES = 4
_TOP = 1 << 16  # characters: imports stand at the top, and parsing all of a large file takes tenths of a second
_CLOSERS = (")", "]", "}", ">")


@lru_cache(maxsize=32)
def heading(above: str, first_line: str, language: Language) -> tuple[str, ...]:
    """Lines that a window should have above it: imports in their order, then signatures, the outermost first.

    `above` is the text that is cut off, `first_line` the one that the window begins with.
    """
    lines = [line for line in above.split("\n") if line.strip() and not _is_comment(line, language)]
    top = above if len(above) <= _TOP else above[: above.rfind("\n", 0, _TOP) + 1]
    return (*_imports(parse(top, language)), *_open_signatures(lines, indentation(first_line)))


def _imports(above: SyntaxTree) -> Iterator[str]:
    for child in above.root.named_children:
        for node in child.named_children if child.is_error else (child,):
            if is_import(node):
                first, last = above.span(node)
                lines = above.text[first:last].split("\n")
                yield from (line for line in lines if line.strip() and not _is_comment(line, above.language))


def _is_comment(line: str, language: Language) -> bool:
    return line.lstrip().startswith(language.comment)


def _open_signatures(lines: Sequence[str], indent: int) -> list[str]:
    """The nearest line above with less indentation, the nearest above that, and so on: what is open, outermost first.

    One that begins with a closing bracket ends a signature of several lines.
    """
    found: list[str] = []
    for index in range(len(lines) - 1, -1, -1):
        width = indentation(lines[index])
        if width < indent and any(letter.isalpha() for letter in lines[index]):
            found = [*_signature(lines, index), *found]
            indent = width
    return found


def _signature(lines: Sequence[str], last: int) -> list[str]:
    first, width = last, indentation(lines[last])
    while lines[first].lstrip().startswith(_CLOSERS) and first > 0:
        first -= 1
        while first > 0 and indentation(lines[first]) > width:
            first -= 1
    return [line.rstrip() for line in lines[first : last + 1]][:_MAX_SIGNATURE_LINES]
