"""Spans: cut where a cursor would stand, never into a newline, never in code that does not parse."""

from pathlib import Path
from random import Random

import pytest
from tests.server.core.test_languages import SAMPLES

import finetab
from finetab.core.languages import LANGUAGES, language_by_name
from finetab.core.syntax import parse, walk
from finetab_training.data.spans import random_span, spans_of

PYTHON = next(language for language in LANGUAGES if language.name == "python")
SOURCES = sorted((Path(finetab.__file__).parent).rglob("*.py"))


def cut(text: str, kind: str, language: str = "python") -> list[str]:
    row = language_by_name(language)
    assert row is not None
    return [text[span.start : span.end] for span in spans_of(parse(text, row)) if span.kind == kind]


def test_kinds_of_spans() -> None:
    text = "def f(a, b):\n    total = a + b\n    return total\n"
    assert cut(text, "line") == ["total = a + b", "return total"]
    assert cut(text, "block") == ["total = a + b\n    return total"]
    assert "a + b" in cut(text, "rest")
    assert "total" in cut(text, "rest")


def test_a_semicolon_belongs_to_its_line() -> None:
    assert "return a;" in cut(SAMPLES["java"].replace("|", ""), "line", "java")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_every_language_gives_spans(language: object) -> None:
    name: str = language.name  # type: ignore[attr-defined]
    assert cut(SAMPLES[name].replace("|", ""), "line", name)


@pytest.mark.parametrize("path", SOURCES[::4], ids=lambda path: path.name)
def test_spans_of_real_code_keep_the_contract(path: Path) -> None:
    text = path.read_text("utf-8")
    for span in spans_of(parse(text, PYTHON)):
        middle = text[span.start : span.end]
        assert middle.strip()
        assert not middle.endswith(("\n", "\r", " "))
        assert text[span.end : span.end + 1] in ("\n", "")
        if span.kind in ("line", "block"):
            assert not text[text.rfind("\n", 0, span.start) + 1 : span.start].strip()


def test_nothing_is_cut_in_code_that_does_not_parse() -> None:
    text = "def good():\n    return 1\n\ndef bad(:\n    x = = 2\n    return 3\n"
    tree = parse(text, PYTHON)
    errors = [tree.span(node) for node in walk(tree.root) if node.is_error]
    assert errors
    for span in spans_of(tree):
        assert not any(start < span.end and span.start < end for start, end in errors)
    assert "return 1" in cut(text, "line")


def test_random_spans_end_in_no_newline() -> None:
    generator = Random(0)
    text = "a\n\nbc\r\n\n\nd" * 9
    spans = [random_span(text, 6, generator) for _ in range(300)]
    assert all(not text[span.start : span.end].endswith(("\n", "\r")) for span in spans)
    assert any(span.end > span.start for span in spans)
