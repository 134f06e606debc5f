"""The journal: newest first, bounded, and indifferent to what is no record."""

from pathlib import Path

import pytest

from finetab.journal import journal_path, last_requests, note


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_last_requests_come_newest_first() -> None:
    assert last_requests(3) == []
    for number in range(5):
        note({"id": str(number), "why": "answered"})
    assert [request["id"] for request in last_requests(3)] == ["4", "3", "2"]
    assert all("time" in request for request in last_requests(3))
    assert journal_path().stat().st_mode & 0o077 == 0


def test_it_does_not_grow_for_ever() -> None:
    for number in range(70):
        note({"id": str(number), "uri": "file:///" + "x" * 100_000})
    assert journal_path().stat().st_size < 4_200_000
    assert [request["id"] for request in last_requests(10)] == [str(number) for number in range(69, 59, -1)]
    assert journal_path().stat().st_mode & 0o077 == 0


def test_lines_that_are_no_records_are_passed_over() -> None:
    note({"id": "1"})
    with journal_path().open("ab") as file:
        file.write(b'{"id": "half\n[1]\n\xff\n')
    note({"id": "2"})
    assert [request["id"] for request in last_requests(9)] == ["2", "1"]
