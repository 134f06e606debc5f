"""Which files a file imports: its syntax tree and a rule for its language say where they may be.

Nothing is read, let alone run: the caller says what is there. Only languages whose imports name files have a rule.
"""

import posixpath
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import PurePath, PurePosixPath
from typing import TypeAlias

import tree_sitter

from finetab.core.languages import Language, grammar
from finetab.core.syntax import SyntaxTree

_MOST = 32  # files
# Below a folder from which imports may start: its packages and headers often stand apart from its tests.
_BELOW = ("", "src", "lib", "include", "app", "src/main/java")
_NOT_CRATES = ("std", "core", "alloc")

_Places: TypeAlias = tuple[str, ...]
"""Where one import may lead, without the ending, the likeliest first. Those that begin with a dot are meant from the
document's folder, others from any folder above it."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a language imports."""

    query: str
    """Captures what names files as `import`, or as `beside` where it is meant from the document's folder."""
    places: Callable[[tree_sitter.Node], Iterable[_Places]]
    endings: tuple[str, ...]
    """What follows a place in a file's name, in the order in which they are tried."""
    package_mark: str = ""
    """What a folder within a package holds: there no import starts."""


def imported_files(tree: SyntaxTree, path: str, exists: Callable[[str], bool]) -> tuple[str, ...]:
    """The files that the document at `path` imports, of those that exist, in the order of its imports.

    Paths have forward slashes, those that `exists` is asked for as well.
    """
    rule = _RULES.get(tree.language.name)
    if rule is None:
        return ()
    own = PurePath(path).as_posix()
    starts = list(_starts(own, rule.package_mark, exists))
    found = (_first(places, rule.endings, starts, own, exists) for places in _imports(tree, rule))
    return tuple(islice(dict.fromkeys(file for file in found if file), _MOST))


def _starts(path: str, package_mark: str, exists: Callable[[str], bool]) -> Iterator[str]:
    """Where an import that is not relative may start, the nearest folder first, each with its slash."""
    for parent in PurePosixPath(path).parents:
        for below in _BELOW:
            folder = posixpath.normpath(posixpath.join(parent, below))
            start = "" if folder == "." else f"{folder}/"
            if not package_mark or not exists(start + package_mark):
                yield start


def _imports(tree: SyntaxTree, rule: _Rule) -> Iterator[_Places]:
    captured = tree_sitter.QueryCursor(_query(tree.language, rule.query)).captures(tree.root)
    nodes = [(node.start_byte, name, node) for name in ("import", "beside") for node in captured.get(name, ())]
    for _, name, node in sorted(nodes, key=lambda entry: entry[0]):
        for places in rule.places(node):
            yield places if name == "import" else tuple(f"./{place}" for place in places)


@cache
def _query(language: Language, text: str) -> tree_sitter.Query:
    return tree_sitter.Query(grammar(language), text)


def _first(
    places: _Places, endings: Iterable[str], starts: Iterable[str], path: str, exists: Callable[[str], bool]
) -> str | None:
    for place in places:
        is_relative = place.startswith(".")
        stems = [_beside(path, place)] if is_relative else [start + place for start in starts]
        files = (stem + ending for stem in stems for ending in endings)
        found = next((file for file in files if file != path and exists(file)), None)
        if found is not None:
            return found
    return None


def _beside(path: str, place: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), place))


def _text(node: tree_sitter.Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def _python(statement: tree_sitter.Node) -> Iterable[_Places]:
    names = [
        _dotted(_text(node.child_by_field_name("name") or node)) for node in statement.children_by_field_name("name")
    ]
    module = _dotted(_text(statement.child_by_field_name("module_name")))
    imports = [(f"{module}/{name}", module) for name in names or [""]] if module else [(name,) for name in names]
    return (places for places in imports if places[-1].partition("/")[0] not in sys.stdlib_module_names)


def _dotted(name: str) -> str:
    """A module's name as a place: `a.b` is `a/b`, `.a` is `./a`, `..a` is `../a`."""
    stem = name.lstrip(".")
    level = len(name) - len(stem)
    up = ["."] if level == 1 else [".."] * (level - 1)
    return "/".join([*up, *filter(None, stem.split("."))])


def _string(node: tree_sitter.Node) -> Iterator[_Places]:
    """A path in quotes or brackets. `@/` and `~/` stand for the sources' root, and `x.js` may be made of `x.ts`."""
    path = _text(node).strip("\"'`<>")
    path = path[2:] if path.startswith(("@/", "~/")) else path
    stem, dot, suffix = path.rpartition(".")
    if path:
        yield (path, stem) if dot and suffix in ("js", "jsx", "mjs", "cjs") else (path,)


def _java(declaration: tree_sitter.Node) -> Iterator[_Places]:
    """A class, or the member of one."""
    place = _text(declaration).replace(".", "/")
    yield place, place.rpartition("/")[0]


def _rust(node: tree_sitter.Node) -> Iterator[_Places]:
    """A module that is declared, or a path of modules, the last of which may be things in one."""
    if node.type == "mod_item":
        yield (_text(node.child_by_field_name("name")),)
        return
    text = _text(node).partition("{")[0].partition(" as ")[0].removesuffix("*").removesuffix("::")
    crate, *names = text.strip().split("::")
    if crate in _NOT_CRATES:
        return
    start = "./" if crate in ("self", "super") else ""
    yield tuple(start + "/".join(names[:count]) for count in range(len(names), 0, -1))


_SCRIPT = _Rule(
    "(import_statement source: (string) @import) (export_statement source: (string) @import)"
    "(call_expression function: [(identifier) (import)] @_function arguments: (arguments . (string) @import)"
    ' (#any-of? @_function "require" "import"))',
    _string,
    ("", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", "/index.ts", "/index.tsx", "/index.js"),
)
_INCLUDE = _Rule("(preproc_include path: [(string_literal) (system_lib_string)] @import)", _string, ("",))
_RULES = {
    "python": _Rule(
        "[(import_statement) (import_from_statement)] @import",
        _python,
        (".py", "/__init__.py", ".pyi"),
        package_mark="__init__.py",
    ),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "c": _INCLUDE,
    "cpp": _INCLUDE,
    "java": _Rule("(import_declaration (scoped_identifier) @import)", _java, (".java",)),
    "rust": _Rule(
        "(mod_item !body) @beside (use_declaration argument: (_) @import)",
        _rust,
        (".rs", "/mod.rs"),
    ),
    "ruby": _Rule(
        '(call method: (identifier) @_r arguments: (argument_list . (string) @import) (#eq? @_r "require"))'
        '(call method: (identifier) @_b arguments: (argument_list . (string) @beside) (#eq? @_b "require_relative"))',
        _string,
        (".rb",),
    ),
}
