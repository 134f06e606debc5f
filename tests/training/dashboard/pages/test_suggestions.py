"""The page Statistics."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.server.stats.test_database import DAY_S, OFFER, put
from tests.training.dashboard.conftest import Visit, said

from finetab.core.pointer import Pointer, write_pointer
from finetab.stats.database import database_path
from finetab.stats.events import Outcome
from finetab.stats.mark import mark_of


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


def test_a_trial_that_has_ended_is_told_of_all_its_days_and_names_are_as_they_are(visit: Visit, home: Path) -> None:
    then = time.time() - 10 * DAY_S
    one = replace(OFFER, folder=mark_of(home), adapter="my_own-1@1", time=then)
    put(database_path(), one, replace(one, id="b", adapter="base"), Outcome("a", "shown"), Outcome("b", "shown"))
    write_pointer(home, Pointer("my_own-1", against="base", since=then - 1).alone())
    page = visit("suggestions", home)
    page.selectbox("days").select("the last 7 days").run()
    since, until = (time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) for at in (then - 1, time.time()))
    assert f"my_own-1 and base took turns, line by line, since {since} until {until[:10]}" in said(page).replace(
        "\\", ""
    )
    assert "Nothing was suggested in that time" in said(page)
    charts = [str(cast(Any, chart).proto) for chart in page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")]
    assert len(charts) == 2
    assert all("my_own-1" in chart for chart in charts)


def test_a_damaged_database_is_a_sentence(visit: Visit, home: Path) -> None:
    database_path().parent.mkdir(parents=True)
    database_path().write_bytes(b"damaged" * 1_000)
    page = visit("suggestions", home)
    assert "cannot be read" in page.error[0].value
    assert "Traceback" not in said(page)
