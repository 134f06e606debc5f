"""Spans: cut where a cursor would stand, never into a newline, never in code that does not parse."""

from pathlib import Path
from random import Random

import pytest
from tests.server.core.test_languages import SAMPLES

import finetab
from finetab.core.languages import LANGUAGES, language_by_name
from finetab.core.syntax import parse, walk
from finetab_training.data.spans import WEIGHTS, FileSpans, SpanKind

PYTHON = next(language for language in LANGUAGES if language.name == "python")
LISTED: tuple[SpanKind, ...] = ("line", "rest", "block", "bracket", "comment", "import")
SOURCES = sorted((Path(finetab.__file__).parent).rglob("*.py"))


def cut(text: str, kind: SpanKind, language: str = "python") -> list[str]:
    row = language_by_name(language)
    assert row is not None
    return [text[span.start : span.end] for span in FileSpans(parse(text, row)).of(kind)]


TEXT = """import os
from a import b

def f(a, b):
    # add them
    total = add(a, [b, 1])
    return total
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("line", ["import os", "from a import b", "total = add(a, [b, 1])", "return total"]),
        ("block", ["total = add(a, [b, 1])\n    return total"]),
        ("bracket", ["a, b", "a, [b, 1]", "b, 1"]),
        ("comment", ["total = add(a, [b, 1])"]),
        ("import", ["import os", "from a import b"]),
    ],
)
def test_kinds_of_spans(kind: SpanKind, expected: list[str]) -> None:
    assert cut(TEXT, kind) == expected


def test_a_rest_begins_at_any_node_of_its_line() -> None:
    assert {"add(a, [b, 1])", "[b, 1])", "b, 1])", "total", "b"} - set(cut(TEXT, "rest")) == {"b"}


def test_a_semicolon_belongs_to_its_line() -> None:
    assert "return a;" in cut(SAMPLES["java"].replace("|", ""), "line", "java")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_every_language_gives_spans(language: object) -> None:
    name: str = language.name  # type: ignore[attr-defined]
    assert cut(SAMPLES[name].replace("|", ""), "line", name)


@pytest.mark.parametrize("path", SOURCES[::4], ids=lambda path: path.name)
def test_listed_spans_of_real_code_keep_the_contract(path: Path) -> None:
    text = path.read_text("utf-8")
    spans = FileSpans(parse(text, PYTHON))
    for kind in LISTED:
        for span in spans.of(kind):
            middle = text[span.start : span.end]
            assert middle.strip()
            assert not middle.endswith(("\n", "\r", " "))
            if kind in ("line", "rest", "block"):
                assert text[span.end : span.end + 1] in ("\n", "")
            if kind in ("line", "block"):
                assert not text[text.rfind("\n", 0, span.start) + 1 : span.start].strip()


@pytest.mark.parametrize("kind", sorted(set(WEIGHTS) - {"line", "rest", "block", "bracket", "comment", "import"}))
def test_drawn_spans_of_real_code_keep_the_contract(kind: SpanKind) -> None:
    generator = Random(0)
    for path in SOURCES[::6]:
        text = path.read_text("utf-8")
        spans = FileSpans(parse(text, PYTHON))
        drawn = [spans.draw(kind, generator) for _ in range(60)]
        assert any(drawn)
        for span in drawn:
            if span is not None:
                middle = text[span.start : span.end]
                assert span.kind == kind
                assert not middle.endswith(("\n", "\r"))
                assert bool(middle.strip()) == (kind != "empty") or kind == "random"
                assert kind != "empty" or text[span.end : span.end + 1] in ("\n", "")


def test_an_aligned_span_is_a_run_of_siblings() -> None:
    text = "def f():\n" + "".join(f"    value_{index} = {index}\n" for index in range(12))
    tree = parse(text, PYTHON)
    starts = {tree.char_of(node.start_byte) for node in walk(tree.root) if node.is_named}
    ends = {tree.char_of(node.end_byte) for node in walk(tree.root) if node.is_named}
    drawn = [FileSpans(tree).draw("aligned", Random(seed)) for seed in range(200)]
    found = {text[span.start : span.end] for span in drawn if span}
    assert all(span.start in starts and span.end in ends for span in drawn if span)
    assert any("\n" in middle for middle in found)
    assert any("\n" not in middle for middle in found)


def test_larger_nodes_are_likelier_but_not_beyond_a_size() -> None:
    text = "a_name = 1\n" + "def f():\n    return [" + ", ".join(str(1000 + index) for index in range(60)) + "]\n"
    spans = FileSpans(parse(text, PYTHON))
    sizes = [span.end - span.start for seed in range(300) if (span := spans.draw("node", Random(seed)))]
    assert sum(size > 300 for size in sizes) > 60
    assert sum(size < 20 for size in sizes) > 10


@pytest.mark.parametrize("kind", ["line", "rest", "block", "bracket", "comment", "import", "node"])
def test_nothing_is_cut_in_code_that_does_not_parse(kind: SpanKind) -> None:
    text = "def good():\n    # one\n    return f(1234)\n\ndef bad(:\n    x = = 2\n    return 3\n"
    tree = parse(text, PYTHON)
    errors = [tree.span(node) for node in walk(tree.root) if node.is_error]
    assert errors
    spans = FileSpans(tree)
    drawn = [spans.draw(kind, Random(seed)) for seed in range(40)]
    assert not any(start < span.end and span.start < end for start, end in errors for span in drawn if span)
    assert cut(text, "line") == ["return f(1234)"]


def test_random_spans_end_in_no_newline() -> None:
    text = "a\n\nbc\r\n\n\nd" * 9
    spans = [FileSpans(parse(text, PYTHON)).draw_random(Random(seed)) for seed in range(300)]
    assert all(not text[span.start : span.end].endswith(("\n", "\r")) for span in spans)
    assert any(span.end > span.start for span in spans)
