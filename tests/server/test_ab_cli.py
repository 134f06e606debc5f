"""`finetab ab` as a user types it, on statistics that are there."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.stats.test_database import OFFER, put
from tests.server.test_adapters_cli import PASSED, make, run, words

from finetab.core.pointer import Pointer, read_pointer, write_pointer
from finetab.stats.database import database_path
from finetab.stats.events import Outcome
from finetab.stats.mark import mark_of
from finetab.stats.store import Store

pytestmark = pytest.mark.usefixtures("home")


def test_a_comparison_begins_is_reported_and_ends(tmp_path: Path) -> None:
    make(tmp_path, "mine", PASSED)
    assert "Nothing was ever compared" in words(run(tmp_path, "ab", "report"))
    run(tmp_path, "promote", "mine")
    assert "mine and base take turns" in run(tmp_path, "ab", "start").output
    assert read_pointer(tmp_path).against == "base"
    assert "nothing to compare yet" in run(tmp_path, "ab", "report").output
    store = Store(database_path())
    here = replace(OFFER, time=time.time() + 1, folder=mark_of(tmp_path))
    store.put(replace(here, id="elsewhere", adapter="base", folder="elsewhere"), Outcome("elsewhere", "shown"))
    for number in range(80):
        is_mine = number % 2 == 0
        offer = replace(here, id=str(number), adapter="mine@0123" if is_mine else "base")
        store.put(offer, Outcome(str(number), "shown", 1.0))
        if is_mine or number % 8 == 1:
            store.put(Outcome(str(number), "accepted", 12.0))
    store.flush()
    store.close()
    store.join()
    found = json.loads(run(tmp_path, "ab", "report", "--json").output)
    assert found["names"] == ["mine", "base"]
    assert (found["one"]["shown"], found["one"]["accepted"]) == (40, 40)
    assert (found["other"]["shown"], found["other"]["accepted"]) == (40, 10)
    assert found["acceptance"]["low"] > 0.5
    printed = run(tmp_path, "ab", "report").output
    assert "accepted, in points: +75.0" in printed
    assert "more" in printed
    assert "and still being compared" in printed


@pytest.mark.parametrize("end", [["ab", "stop"], ["adapters", "use", "none"], ["rollback"]])
def test_a_comparison_that_has_ended_is_reported_as_it_was_then(end: list[str], tmp_path: Path) -> None:
    make(tmp_path, "mine", PASSED)
    run(tmp_path, "adapters", "use", "mine")
    run(tmp_path, "ab", "start")
    began = read_pointer(tmp_path).since
    assert run(tmp_path, *end).exit_code == 0
    assert read_pointer(tmp_path).against == ""
    here = replace(OFFER, adapter="mine@0123", folder=mark_of(tmp_path))
    late = time.time() + 60
    put(database_path(), replace(here, time=began), Outcome("a", "shown"),
        replace(here, id="late", time=late), Outcome("late", "shown"))  # fmt: skip
    found = json.loads(run(tmp_path, "ab", "report", "--json").output)
    assert found["names"] == ["mine", "base"]
    assert began == found["since"] < found["until"] < late
    assert found["one"]["shown"] == 1
    assert "until 2" in run(tmp_path, "ab", "report").output
    assert "Nothing is compared" in words(run(tmp_path, "ab", "stop"))


def test_a_comparison_that_runs_is_not_begun_again(tmp_path: Path) -> None:
    make(tmp_path, "mine")
    run(tmp_path, "ab", "start", "mine")
    was = read_pointer(tmp_path)
    for other in ("mine", "none"):
        assert "end that first with: finetab ab stop" in words(run(tmp_path, "ab", "start", other))
    assert read_pointer(tmp_path) == was


def test_an_adapter_is_not_compared_with_itself_nor_with_what_is_not_there(tmp_path: Path) -> None:
    assert "name another one" in words(run(tmp_path, "ab", "start"))
    assert "There is no adapter" in words(run(tmp_path, "ab", "start", "nobody"))


def test_a_blend_is_reported_by_the_names_that_the_statistics_know(tmp_path: Path) -> None:
    write_pointer(tmp_path, Pointer(f"0.5*mine + 0.5*{tmp_path / 'other'}", against="base", since=1.0))
    found = json.loads(run(tmp_path, "ab", "report", "--json").stdout)
    assert found["names"] == ["0.5*mine + 0.5*other", "base"]
