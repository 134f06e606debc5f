"""The page Statistics."""

from dataclasses import replace
from pathlib import Path

from tests.server.stats.test_database import OFFER, put
from tests.training.dashboard.conftest import Visit, said

from finetab.core.pointer import Pointer, write_pointer
from finetab.stats.database import database_path
from finetab.stats.events import Outcome


def test_without_suggestions_it_says_what_to_run(visit: Visit, home: Path) -> None:
    assert "finetab serve" in said(visit("suggestions", home))
    assert not database_path().exists()


def test_what_became_of_suggestions_is_drawn_and_a_trial_with_it(visit: Visit, home: Path) -> None:
    put(database_path(), OFFER, replace(OFFER, id="b", adapter="base"), Outcome("a", "shown"), Outcome("b", "shown"),
        Outcome("a", "accepted", 8.0), Outcome("a", "retained_30", 0.5))  # fmt: skip
    page = visit("suggestions", home)
    assert "**2** suggestions shown, of 2 answers" in said(page)
    assert "finetab ab start" in said(page)
    write_pointer(home, Pointer("mine", against="base", since=1.0))
    page.run()
    assert "mine and base take turns" in said(page)
    assert not page.exception
    assert not page.error


def test_a_damaged_database_is_a_sentence(visit: Visit, home: Path) -> None:
    database_path().parent.mkdir(parents=True)
    database_path().write_bytes(b"damaged" * 1_000)
    page = visit("suggestions", home)
    assert "cannot be read" in page.error[0].value
    assert "Traceback" not in said(page)
