"""The tables fit a terminal of 80 columns, whatever the names and numbers are, and no number is cut."""

from dataclasses import replace
from io import StringIO

from rich.console import Console
from tests.server.stats.test_database import OFFER

from finetab.stats.events import Fate
from finetab.stats.report import tables
from finetab.stats.summary import summarise


def printed(*rows: tuple[object, Fate]) -> str:
    out = StringIO()
    console = Console(file=out, width=80)
    for table in tables(summarise(rows)):  # type: ignore[arg-type]
        console.print(table, "")
    return out.getvalue()


def test_tables_fit_80_columns_and_numbers_are_whole() -> None:
    offer = replace(OFFER, base="a-model-with-a-very-long-name-indeed", adapter="my-project@123456789abc")
    taken = Fate(shown=1.0, accepted=1_234_567.0, retained_30=1.0)
    text = printed((offer, taken), *[(offer, Fate(shown=1.0, partly=5.0))] * 123_456)
    assert max(map(len, text.splitlines())) <= 80
    assert "1851847" in text
    assert "123457" in text
    assert "123456" in text
    assert "a-model-w…456789abc" not in text
    assert "a-model-w…3456789abc" in text
    assert "0% (0-0)" in text
    assert "100%" in text


def test_the_share_that_came_from_memory_stands_beside_its_times() -> None:
    text = printed((OFFER, Fate()), *[(replace(OFFER, why="remembered"), Fate())] * 3)
    assert "from memory (75%)" in text


def test_what_is_not_known_is_not_shown() -> None:
    text = printed((replace(OFFER, prefill_ms=None, decode_ms=None), Fate()))
    assert "left of what was accepted" not in text
    assert "reading" not in text
    assert "from the model" in text
