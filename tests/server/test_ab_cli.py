"""`finetab ab` as a user types it, on statistics that are there."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.stats.test_database import OFFER
from tests.server.test_adapters_cli import PASSED, make, run, words

from finetab.core.pointer import Pointer, read_pointer, write_pointer
from finetab.stats.database import database_path
from finetab.stats.events import Outcome
from finetab.stats.mark import mark_of
from finetab.stats.store import Store

pytestmark = pytest.mark.usefixtures("home")


def test_a_comparison_begins_is_reported_and_ends(tmp_path: Path) -> None:
    make(tmp_path, "mine", PASSED)
    assert "begin with: finetab ab start" in words(run(tmp_path, "ab", "report"))
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
    run(tmp_path, "ab", "stop")
    assert read_pointer(tmp_path).against == ""
    assert read_pointer(tmp_path).adapter == "mine"


def test_an_adapter_is_not_compared_with_itself_nor_with_what_is_not_there(tmp_path: Path) -> None:
    assert "name another one" in words(run(tmp_path, "ab", "start"))
    assert "There is no adapter" in words(run(tmp_path, "ab", "start", "nobody"))


def test_a_blend_is_reported_by_the_names_that_the_statistics_know(tmp_path: Path) -> None:
    write_pointer(tmp_path, Pointer(f"0.5*mine + 0.5*{tmp_path / 'other'}", against="base", since=1.0))
    found = json.loads(run(tmp_path, "ab", "report", "--json").output)
    assert found["names"] == ["0.5*mine + 0.5*other", "base"]
