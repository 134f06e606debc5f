"""Related code: chunks along syntax, ranked by what they share with the cursor's lines."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import word_tokenizer

import finetab
from finetab.completion.context import Windows
from finetab.completion.related import Related, chunks_of
from finetab.core.languages import LANGUAGES
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import Document, Edit, edited, open_document

SHAPES = '''\
import math


class Circle:
    """Round."""

    def area(self) -> float:
        return math.pi * self.radius**2


def perimeter_of_polygon(sides: list[float]) -> float:
    return sum(sides)
'''
WEATHER = "def forecast(city: str) -> str:\n    return f'rain in {city}'\n"
CURSOR = "from shapes import perimeter_of_polygon\n\n\ndef fence(sides):\n    length = "


def documents() -> tuple[Document, ...]:
    return open_document("lib/shapes.py", SHAPES), open_document("lib/weather.py", WEATHER)


@pytest.mark.parametrize("path", sorted(Path(finetab.__file__).parent.rglob("*.py"))[::4], ids=lambda path: path.stem)
def test_chunks_are_whole_lines_of_their_file_and_none_is_long(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = text.split("\n")
    chunks = chunks_of(open_document(str(path), text))
    assert bool(chunks) == bool(text.strip())
    for chunk in chunks:
        body = chunk.text.rstrip("\n").split("\n")
        assert len(body) <= 26
        # The last lines stand in the file as they are; a line above them may be that which opens their class.
        assert any(body[skip:] == lines[chunk.line : chunk.line + len(body) - skip] for skip in (0, 1))


def test_members_of_a_long_class_are_chunks_with_its_first_line_and_names() -> None:
    methods = "".join(
        f"    def method_{index}(self):\n" + "        self.x += 1\n" * 9 + "        return self.x\n\n"
        for index in range(6)
    )
    chunks = chunks_of(open_document("a.py", f"import os\n\n\nclass Long(Base):\n{methods}"))
    members = [chunk for chunk in chunks if chunk.text.startswith("class Long(Base):\n    def method_")]
    assert {name for chunk in members for name in chunk.names} >= {f"method_{index}" for index in range(6)}
    assert any("Long" in chunk.names for chunk in chunks)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_any_text_of_any_language_has_chunks_or_none(language: object) -> None:
    for text in ("", "x", "{" * 50, "(\n" * 60, SHAPES, "é" * 40 + "\n" * 50):
        chunks_of(open_document("a", text, language_id=getattr(language, "name")))  # noqa: B009


def test_what_the_cursor_uses_comes_first_and_its_own_file_never() -> None:
    document = open_document("lib/fence.py", CURSOR)
    best = Related((*documents(), document)).best(document, len(CURSOR))
    assert best[0].path == "lib/shapes.py"
    assert "perimeter_of_polygon" in best[0].text
    assert all(chunk.path != document.path for chunk in best)


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [("a.ts", "export function computeTotal(x: number) {\n  return x\n}\n", "computeTotal"),
     ("a.js", "export class Wheel {\n  turn() {}\n}\n", "Wheel"),
     ("a.py", "@cache\ndef area():\n    return 1\n", "area"),
     ("a.c", "char *copy_of(char *text) {\n  return text;\n}\n", "copy_of"),
     ("a.go", "func Sum(a int) int {\n\treturn a\n}\n", "Sum")],
)  # fmt: skip
def test_what_is_exported_or_decorated_is_known_by_its_name(path: str, text: str, name: str) -> None:
    assert name in {name for chunk in chunks_of(open_document(path, text)) for name in chunk.names}


def test_members_of_a_long_exported_class_are_found() -> None:
    methods = "".join(f"  method{index}() {{\n" + "    this.x += 1\n" * 9 + "  }\n" for index in range(5))
    chunks = chunks_of(open_document("a.ts", f"export class Big {{\n{methods}}}\n"))
    assert any("method4() {" in chunk.text for chunk in chunks)


def test_nothing_in_common_gives_nothing() -> None:
    assert Related(documents()).best(open_document("a.py", "zzz = qqq\n"), 5) == ()
    assert Related(()).best(open_document("a.py", CURSOR), 5) == ()
    assert Related((open_document("/p/a.c", "{}\n"),)).best(open_document("a.py", CURSOR), 5) == ()


IMPORTING = "from lib.weather import forecast as tell\n\n\ndef trip(city):\n    city = tell("


def test_of_two_alike_the_imported_one_comes_first() -> None:
    twin = open_document("other/weather.py", WEATHER)
    document = open_document("lib/trip.py", IMPORTING)
    for others in ((twin, *documents()), (*documents(), twin)):
        best = Related(others).best(document, len(IMPORTING))
        assert [chunk.path for chunk in best[:2]] == ["lib/weather.py", "other/weather.py"]
    beside = open_document("other/trip.py", IMPORTING.replace("lib.", "."))
    assert Related((*documents(), twin)).best(beside, len(IMPORTING))[0].path == "other/weather.py"


def test_of_two_alike_the_one_edited_lately_comes_first() -> None:
    still, touched = open_document("a/weather.py", WEATHER), open_document("b/weather.py", WEATHER)
    touched = edited(touched, Edit(len(WEATHER) - 1, len(WEATHER) - 1, " "), 1)
    document = open_document("lib/trip.py", IMPORTING)
    best = Related((still, touched)).best(document, len(IMPORTING))
    assert [(chunk.path, chunk.was_touched) for chunk in best] == [("b/weather.py", True), ("a/weather.py", False)]


def test_the_chunks_that_hold_an_edit_are_known() -> None:
    text = "".join(f"def f{number}():\n" + "    x = 1\n" * 20 + "\n\n" for number in range(6))
    place = text.index("def f3") + 30
    chunks = chunks_of(edited(open_document("a.py", text), Edit(place, place + 1, "yy\n"), 1))
    assert [chunk.was_touched for chunk in chunks] == ["f3" in chunk.names for chunk in chunks]
    assert len(chunks) == 6


def test_of_a_file_s_own_chunks_only_the_edited_ones_count_and_none_that_is_seen() -> None:
    tokenizer = Tokenizer(word_tokenizer())
    filler = "".join(f"def filler_{number}():\n    return {number}\n\n\n" for number in range(200))
    start = open_document("lib/fence.py", filler + SHAPES + filler + CURSOR)
    place = start.text.index("return sum(sides)")
    document = edited(start, Edit(place, place, "# new\n    "), 1)
    offset = len(document.text)
    assert Related((start,)).best(start, len(start.text)) == ()
    related = Related((document,)).best(document, offset)
    assert related
    assert all("# new" in chunk.text for chunk in related)
    narrow = Windows(tokenizer, Budgets(200, 64, 300)).parts(document, offset, related)
    assert "# new" in tokenizer.decode(narrow.context)
    wide = Windows(tokenizer, Budgets(10_000, 64, 300)).parts(document, offset, related)
    assert wide.context == ()
    assert Windows(tokenizer, Budgets(200, 10_000, 300)).parts(document, 0, related).context == ()
    assert Windows(tokenizer, Budgets(200, 64, 300)).parts(document, 0, related).context == narrow.context


def test_the_context_is_the_best_chunks_that_fit_under_the_names_of_their_files() -> None:
    tokenizer = Tokenizer(word_tokenizer())
    document = open_document("/home/me/work/lib/fence.py", CURSOR)
    others = tuple(replace(other, path=f"/home/me/work/{other.path}") for other in documents())
    related = Related(others).best(document, len(CURSOR))
    wide = Windows(tokenizer, Budgets(512, 128, 400)).parts(document, len(CURSOR), related)
    text = tokenizer.decode(wide.context)
    assert text.startswith("# lib/shapes.py\n")
    assert "/home/me" not in text
    assert text.endswith("\n")
    for budget in (0, 5, 30, 60, 100):
        parts = Windows(tokenizer, Budgets(512, 128, budget)).parts(document, len(CURSOR), related)
        assert len(parts.context) <= budget
        assert parts.prefix == wide.prefix
    assert Windows(tokenizer, Budgets(512, 128, 0)).parts(document, len(CURSOR), related).context == ()
