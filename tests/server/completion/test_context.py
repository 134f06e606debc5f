"""Windows: within budget, anchored at statements, still while one types."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from tests.conftest import word_tokenizer

import finetab
from finetab.completion.context import Windows
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document

TOKENIZER = Tokenizer(word_tokenizer())
SOURCE = (Path(finetab.__file__).parent / "core" / "fim.py").read_text("utf-8")
BUDGETS = Budgets(prefix=300, suffix=100)


def windows(budgets: Budgets = BUDGETS) -> Windows:
    return Windows(TOKENIZER, budgets)


@pytest.mark.parametrize("offset", [0, 1, 200, 301, 4000, len(SOURCE)])
def test_prefix_ends_at_the_cursor_and_fits_its_budget(offset: int) -> None:
    document = open_document("a.py", SOURCE)
    parts = windows().parts(document, offset)
    seen = SOURCE[windows().prefix_start(document, offset) : offset]
    assert len(parts.prefix + parts.tail) <= 300
    assert TOKENIZER.decode(parts.prefix + parts.tail).endswith(seen)
    assert len(TOKENIZER.encode(seen)) >= 100 or seen == SOURCE[:offset]


def test_a_short_prefix_is_taken_whole() -> None:
    assert windows().prefix_start(open_document("a.py", SOURCE), 500) == 0


def test_the_window_begins_with_a_statement_that_begins_its_line() -> None:
    document = open_document("a.py", SOURCE)
    starts = {windows().prefix_start(document, offset) for offset in range(1500, len(SOURCE), 97)}
    for start in starts - {0}:
        assert SOURCE[start - 1] == "\n"
        assert SOURCE[start : start + 200].strip()
    assert len(starts) > 3


def test_typing_moves_the_window_in_large_steps_only() -> None:
    cut = SOURCE.index("def resolve")
    before, after = SOURCE[:cut], SOURCE[cut:]
    typed = "".join(Random(1).choices(["x = 1\n", "def f():\n    ", "return y\n", "\n", "print(z)\n"], k=300))
    made = windows()
    starts = []
    for length in range(0, len(typed), 3):
        document = open_document("a.py", before + typed[:length] + after)
        starts.append(made.prefix_start(document, cut + length))
    moves = sum(one != other for one, other in pairwise(starts))
    assert starts == sorted(starts)
    # A window that slid line by line would have moved at each of the several hundred line breaks.
    assert 1 <= moves <= len(typed) // 300 + 3


def test_typing_leaves_the_suffix_as_it_is() -> None:
    cut = SOURCE.index("def resolve")
    made = windows()
    suffixes = {
        made.parts(open_document("a.py", SOURCE[:cut] + typed + SOURCE[cut:]), cut + len(typed)).suffix
        for typed in ("", "d", "def f", "def f():\n    pass\n")
    }
    assert len(suffixes) == 1


def test_the_suffix_ends_at_the_end_of_a_line() -> None:
    suffix = TOKENIZER.decode(windows().parts(open_document("a.py", SOURCE), 2000).suffix)
    assert SOURCE[2000:].startswith(suffix)
    assert suffix.endswith("\n")
    assert 150 < len(suffix) < 1000


def test_a_short_suffix_is_taken_whole_and_an_enormous_line_is_cut() -> None:
    assert TOKENIZER.decode(windows().parts(open_document("a.py", "ab\ncd"), 1).suffix) == "b\ncd"
    long_line = open_document("a.py", "x" * 50_000)
    parts = windows().parts(long_line, 25_000)
    assert 150 < len(parts.prefix + parts.tail) <= 300
    assert len(parts.suffix) == 100


def test_carriage_returns_are_not_shown_to_the_model() -> None:
    parts = windows().parts(open_document("a.py", "a = 1\r\nb = 2\r\nc"), 7)
    assert TOKENIZER.decode(parts.prefix + parts.tail) == "a = 1\n"
    assert TOKENIZER.decode(parts.suffix) == "b = 2\nc"


def test_a_text_without_a_grammar_is_cut_at_lines() -> None:
    text = "some words in a line\n" * 500
    start = windows().prefix_start(open_document("notes.txt", text), 8000)
    assert start % 21 == 0
    assert 200 < 8000 - start <= 3000


@pytest.mark.parametrize(("path", "opener", "closer"), [("a.py", ":", ""), ("a.js", " {", "  }\n")])
def test_what_stands_above_a_window_stays_while_a_method_is_typed(path: str, opener: str, closer: str) -> None:
    word = "def " if path == "a.py" else ""
    methods = [f"  {word}method{index}(a, b){opener}\n    return a\n{closer}" for index in range(30)]
    start = f"class A{opener}\n" + "".join(methods[:25])
    rest = "".join(methods[25:]) + ("}\n" if closer else "")
    typed = f"  {word}typed(first, second){opener}\n    const = [first(second), 'x']\n    return const\n"
    made, seen = windows(), set()
    for length in range(len(typed) + 1):
        document = open_document(path, start + typed[:length] + rest)
        offset = len(start) + length
        parts = made.parts(document, offset)
        shown = TOKENIZER.decode(parts.prefix + parts.tail)
        begin = made.prefix_start(document, offset)
        assert begin > 0
        seen.add((begin, shown[: len(shown) - (offset - begin)]))
    assert len(seen) == len({begin for begin, _ in seen})
    assert all(f"class A{opener}\n" in above for _, above in seen)


def test_a_window_that_does_not_begin_with_its_file_has_the_imports_and_signatures_above_it() -> None:
    document = open_document("a.py", SOURCE)
    offset = SOURCE.index("def resolve") - 200
    parts = windows().parts(document, offset)
    seen = TOKENIZER.decode(parts.prefix + parts.tail)
    start = windows().prefix_start(document, offset)
    assert start > 0
    above, window = seen[: len(seen) - (offset - start)], seen[len(seen) - (offset - start) :]
    assert window == SOURCE[start:offset]
    assert above.endswith("\ndef read_format(folder: Path, name: str) -> tuple[Tokenizer, FimFormat]:\n")
    assert "from finetab.errors import BadAdapter, BadInput\n" in above
    assert 0 < len(TOKENIZER.encode(above)) <= 50
    assert len(parts.prefix + parts.tail) <= 300
