"""The languages finetab knows, one table row each.

A row says which grammar parses the language and which node kinds matter for completion.
A file in a language without a row is completed as plain text, line by line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import PurePath

import tree_sitter


@dataclass(frozen=True, slots=True)
class Language:
    """What finetab knows of one programming language.

    `blocks` are the nodes that hold a body, `statements` end with a list of node-kind suffixes that
    stand for one statement or declaration, `functions` hold a signature and a body.
    """

    name: str
    grammar: str
    """Module and function that give the tree-sitter language, `module:function`."""
    suffixes: tuple[str, ...]
    comment: str
    """What starts a comment that runs to the end of the line."""
    blocks: frozenset[str]
    functions: frozenset[str]
    statements: tuple[str, ...] = ("_statement", "_declaration", "_definition", "_item")
    openers: tuple[str, ...] = ("{",)
    """A line that ends in one of these tokens is followed by a block."""
    probe: str = ""
    """A statement that may follow an opener, where the token alone does not tell a block from its other uses."""
    editor_ids: tuple[str, ...] = ()
    """Further names that editors give to the language in `languageId`."""

    def is_statement(self, kind: str) -> bool:
        """Whether a node of this kind is one statement or declaration."""
        return kind.endswith(self.statements)


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_C_BLOCKS = "compound_statement field_declaration_list declaration_list enumerator_list"
_JS_BLOCKS = "statement_block class_body switch_body"
_JS_FUNCTIONS = (
    "function_declaration function_expression generator_function_declaration arrow_function method_definition"
)

LANGUAGES: tuple[Language, ...] = (
    Language(
        "python", "tree_sitter_python:language", (".py", ".pyi"), "#",
        _kinds("block"), _kinds("function_definition lambda"), openers=(":",), probe=" pass",
    ),
    Language(
        "javascript", "tree_sitter_javascript:language", (".js", ".mjs", ".cjs", ".jsx"), "//",
        _kinds(_JS_BLOCKS), _kinds(_JS_FUNCTIONS), editor_ids=("javascriptreact",),
    ),
    Language(
        "typescript", "tree_sitter_typescript:language_typescript", (".ts", ".mts", ".cts"), "//",
        _kinds(f"{_JS_BLOCKS} interface_body enum_body"), _kinds(_JS_FUNCTIONS),
    ),
    Language(
        "tsx", "tree_sitter_typescript:language_tsx", (".tsx",), "//",
        _kinds(f"{_JS_BLOCKS} interface_body enum_body"), _kinds(_JS_FUNCTIONS), editor_ids=("typescriptreact",),
    ),
    Language(
        "java", "tree_sitter_java:language", (".java",), "//",
        _kinds("block class_body interface_body enum_body constructor_body switch_block"),
        _kinds("method_declaration constructor_declaration lambda_expression"),
    ),
    Language(
        "go", "tree_sitter_go:language", (".go",), "//",
        _kinds("block field_declaration_list interface_type literal_value"),
        _kinds("function_declaration method_declaration func_literal"),
    ),
    Language(
        "rust", "tree_sitter_rust:language", (".rs",), "//",
        _kinds("block declaration_list field_declaration_list enum_variant_list match_block"),
        _kinds("function_item closure_expression"),
    ),
    Language(
        "c", "tree_sitter_c:language", (".c", ".h"), "//",
        _kinds(_C_BLOCKS), _kinds("function_definition"),
    ),
    Language(
        "cpp", "tree_sitter_cpp:language", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx"), "//",
        _kinds(_C_BLOCKS), _kinds("function_definition lambda_expression"),
    ),
    Language(
        "csharp", "tree_sitter_c_sharp:language", (".cs",), "//",
        _kinds("block declaration_list enum_member_declaration_list switch_body accessor_list"),
        _kinds("method_declaration constructor_declaration local_function_statement lambda_expression"),
    ),
    Language(
        "ruby", "tree_sitter_ruby:language", (".rb", ".rake", ".gemspec"), "#",
        _kinds("body_statement do_block block then do begin"), _kinds("method singleton_method lambda"),
        statements=("method", "class", "module", "assignment", "call", "if", "unless", "while", "return", "case"),
        openers=("do", "then", "|", "else", "begin"),
    ),
    Language(
        "php", "tree_sitter_php:language_php", (".php",), "//",
        _kinds("compound_statement declaration_list enum_declaration_list match_block"),
        _kinds("function_definition method_declaration anonymous_function arrow_function"),
    ),
    Language(
        "bash", "tree_sitter_bash:language", (".sh", ".bash"), "#",
        _kinds("compound_statement do_group if_statement case_statement"), _kinds("function_definition"),
        statements=("_statement", "_definition", "command", "variable_assignment", "pipeline", "list"),
        openers=("{", "then", "do", "else", "in"), editor_ids=("shellscript",),
    ),
)  # fmt: skip

_BY_NAME = {name: row for row in LANGUAGES for name in (row.name, *row.editor_ids)}
_BY_SUFFIX = {suffix: row for row in LANGUAGES for suffix in row.suffixes}


def language_by_name(name: str) -> Language | None:
    """The row of a language by its own or an editor's name, None where there is none."""
    return _BY_NAME.get(name)


def language_of(path: str | PurePath) -> Language | None:
    """The row of the language a file is written in, by its suffix; None where there is none."""
    return _BY_SUFFIX.get(PurePath(path).suffix.lower())


@cache
def grammar(language: Language) -> tree_sitter.Language:
    """The compiled grammar; its package is imported at the first use only."""
    module, function = language.grammar.split(":")
    load: Callable[[], object] = getattr(import_module(module), function)
    return tree_sitter.Language(load())
