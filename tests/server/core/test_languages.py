"""The table of languages against the grammars themselves."""

import pytest

from finetab.core.languages import LANGUAGES, Language, grammar, language_by_name, language_of
from finetab.core.syntax import enclosing_block, parse, walk

# One function with a body of one statement, in each language; the bar is a cursor inside the body.
SAMPLES = {
    "python": "def f(a):\n    |return a\n",
    "javascript": "function f(a) {\n  |return a;\n}\n",
    "typescript": "function f(a: number): number {\n  |return a;\n}\n",
    "tsx": "function F(a: number) {\n  |return <b>{a}</b>;\n}\n",
    "java": "class C {\n  int f(int a) {\n    |return a;\n  }\n}\n",
    "go": "package p\n\nfunc f(a int) int {\n\t|return a\n}\n",
    "rust": "fn f(a: i32) -> i32 {\n    |return a;\n}\n",
    "c": "int f(int a) {\n  |return a;\n}\n",
    "cpp": "int f(int a) {\n  |return a;\n}\n",
    "csharp": "class C {\n  int F(int a) {\n    |return a;\n  }\n}\n",
    "ruby": "def f(a)\n  |return a\nend\n",
    "php": "<?php\nfunction f($a) {\n  |return $a;\n}\n",
    "bash": "f() {\n  |echo a\n}\n",
}


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    row: Language = request.param
    return row


def test_every_node_kind_of_the_row_is_in_the_grammar(language: Language) -> None:
    known = grammar(language)
    missing = [kind for kind in language.blocks | language.functions if known.id_for_node_kind(kind, True) is None]
    assert not missing


def test_a_function_parses_and_its_body_is_a_block_of_statements(language: Language) -> None:
    text = SAMPLES[language.name]
    offset = text.index("|")
    tree = parse(text.replace("|", ""), language)
    assert not tree.root.has_error
    kinds = {node.type for node in walk(tree.root)}
    assert kinds & language.functions
    assert any(language.is_statement(kind) for kind in kinds)
    block = enclosing_block(tree, offset)
    assert block is not None
    assert block.parent is not None


def test_a_header_line_ends_with_an_opener(language: Language) -> None:
    header = SAMPLES[language.name].split("|")[0].rstrip()
    assert header.endswith(language.openers) or language.name == "ruby"


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.py", "python"), ("x.PYI", "python"), ("b.jsx", "javascript"), ("c.tsx", "tsx"), ("d.hpp", "cpp"),
     ("e.rake", "ruby"), ("f.txt", None), ("Makefile", None)],
)  # fmt: skip
def test_a_file_has_the_language_of_its_suffix(path: str, name: str | None) -> None:
    found = language_of(path)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(("editor_id", "name"), [("typescriptreact", "tsx"), ("shellscript", "bash"), ("go", "go")])
def test_editors_names_are_known(editor_id: str, name: str) -> None:
    found = language_by_name(editor_id)
    assert found is not None
    assert found.name == name
