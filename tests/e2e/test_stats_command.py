"""`finetab stats` as a user types it."""

import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.e2e.test_cli import finetab
from tests.server.stats.test_database import OFFER

from finetab.stats.database import connect, database_path, read_rows, write
from finetab.stats.events import Outcome


@pytest.fixture
def kept(home: Path) -> Path:
    """A database with one suggestion of today and one of ten days ago."""
    with closing(connect(database_path())) as connection:
        older = replace(OFFER, id="older", time=time.time() - 10 * 86_400)
        write(connection, [OFFER, older, Outcome("a", "shown"), Outcome("older", "shown")])
    return home


@pytest.mark.usefixtures("home")
def test_without_statistics_it_says_so_and_makes_no_file(tmp_path: Path) -> None:
    said = finetab("stats", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (
        0, "There are no statistics yet: they begin with the first suggestion in an editor.\n"
    )  # fmt: skip
    assert json.loads(finetab("stats", "--json", cwd=tmp_path).stdout)["shown"] == 0
    assert not database_path().exists()


def test_days_choose_what_is_counted(kept: Path) -> None:
    counts = [json.loads(finetab("stats", "--json", *days, cwd=kept).stdout)["shown"] for days in ((), ("--days", "3"))]
    assert counts == [2, 1]
    assert "milliseconds" in finetab("stats", "--days", "3", cwd=kept).stdout
    assert finetab("stats", "--days", "0", cwd=kept).returncode == 2


def test_deleting_asks_first(kept: Path) -> None:
    assert "Delete the statistics in" in finetab("stats", "--reset", cwd=kept).stdout  # and nobody answers
    assert len(read_rows(database_path())) == 2
    assert finetab("stats", "--reset", "--yes", cwd=kept).stdout == "The statistics have been deleted.\n"
    assert read_rows(database_path()) == []


def test_a_damaged_file_is_one_sentence(home: Path) -> None:
    database_path().parent.mkdir(parents=True)
    database_path().write_bytes(b"damaged" * 1_000)
    said = finetab("stats", cwd=home)
    assert said.returncode == 2
    assert said.stderr.startswith("finetab: The statistics in ")
    assert "Traceback" not in said.stderr
