"""Trees: edits followed without parsing anew, blocks that close, borders where a prompt may begin."""

from random import Random

import pytest

from finetab.core.languages import LANGUAGES, Language, language_by_name
from finetab.core.syntax import block_end, border_after, closes_bracket, edit, parse

PYTHON = next(language for language in LANGUAGES if language.name == "python")
_PIECES = [
    "x = 1\n",
    "    ",
    "def f():\n",
    "é𝒳",
    ")",
    "(",
    '"',
    "\t",
    "\r\n",
    "\x0c",
    "return x",
    "{\n",
    "}\n",
    "\ud800",
]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_an_edited_tree_is_the_tree_of_the_edited_text(language: Language) -> None:
    generator = Random(language.name)
    tree = parse("".join(generator.choices(_PIECES, k=60)), language)
    for _ in range(60):
        start = generator.randrange(len(tree.text) + 1)
        end = min(len(tree.text), start + generator.randrange(8))
        tree = edit(tree, start, end, "".join(generator.choices(_PIECES, k=generator.randrange(3))))
        assert str(tree.root) == str(parse(tree.text, language).root)


def test_offsets_are_characters_in_texts_of_several_bytes() -> None:
    text = 's = "é𝒳"\ny = 2\n'
    tree = parse(text, PYTHON)
    for offset in range(len(text) + 1):
        assert tree.char_of(tree.byte_of(offset)) == offset
    second = tree.root.named_children[1]
    assert text[slice(*tree.span(second))] == "y = 2"


@pytest.mark.parametrize("text", ["é" * 5000, "aé𝒳\n" * 3000, "x" * 4095 + "é" + "y" * 9000, "é" + "x" * 8191, ""])
def test_bytes_are_counted_in_characters_across_large_texts(text: str) -> None:
    tree = parse(text, PYTHON)
    data = text.encode()
    for byte in {*range(0, len(data), 509), *range(4090, min(4100, len(data))), len(data)}:
        assert tree.char_of(byte) == len(data[:byte].decode("utf-8", "ignore"))


@pytest.mark.parametrize(
    ("name", "text", "closed"),
    [
        ("python", "def f():\n    |x = 1\n    y = 2\n", None),
        ("python", "def f():\n    |x = 1\nz", "def f():\n    x = 1"),
        ("python", "if a:\n    |b()\nelse", "if a:\n    b()"),
        ("javascript", "function f() {\n  |g();\n", None),
        ("javascript", "function f() {\n  |g();\n}", "function f() {\n  g();\n}"),
        ("javascript", "function f() {\n  |if (a) { b(); }\n", None),
        ("go", "func f() {\n\t|g()\n}\n\nfunc h", "func f() {\n\tg()\n}"),
        ("java", "class C {\n  void f() {\n    |g();\n  }\n", "class C {\n  void f() {\n    g();\n  }"),
    ],
)
def test_block_end_says_where_the_block_at_the_cursor_has_closed(name: str, text: str, closed: str | None) -> None:
    language = language_by_name(name)
    assert language is not None
    plain = text.replace("|", "")
    end = block_end(parse(plain, language), text.index("|"))
    assert (plain[:end] if end is not None else None) == closed


def test_border_is_the_first_statement_that_begins_a_line_outermost_first() -> None:
    text = "import a\n\nclass C:\n    def f(self):\n        x = 1\n        y = 2\n\n    def g(self): pass\n\nz = 3\n"
    tree = parse(text, PYTHON)
    within_f = text.index("x = 1") + 2
    assert border_after(tree, 1, 40) == text.index("class C")
    assert border_after(tree, within_f, within_f + 20) == text.index("        y = 2")
    assert border_after(tree, within_f, len(text)) == text.index("z = 3")
    assert border_after(tree, len(text) - 3, len(text)) is None


@pytest.mark.parametrize(
    ("name", "text", "closes"),
    [
        ("javascript", "f(a)|", True),
        ("javascript", "f(a))|", False),
        ("javascript", "f(() => {\n  g(a))|", False),
        ("javascript", "f(() => {\n  g(a);\n}|", True),
        ("javascript", "f(`${a}`, '(')|", True),
        ("javascript", "f(a, ')')|", True),
        ("bash", "a=$(b ${c})|", True),
    ],
)
def test_a_bracket_closes_the_innermost_one_that_is_open(name: str, text: str, closes: bool) -> None:
    language = language_by_name(name)
    assert language is not None
    plain = text.replace("|", "")
    assert closes_bracket(parse(plain, language), len(plain) - 1) is closes
