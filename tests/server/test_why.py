"""The table of `finetab why`: a row a request, one for all that were overtaken in a row."""

from typing import Any

import pytest

from finetab.why import show_requests

REQUEST = {"uri": "file:///p/my%20file.py", "line": 2, "character": 4, "why": "answered", "total_ms": 12.3}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def rows(capsys: pytest.CaptureFixture[str], *whys: str, num_rows: int = 10) -> list[str]:
    requests: list[dict[str, Any]] = [REQUEST | {"why": why, "total_ms": at} for at, why in enumerate(whys)]
    show_requests(requests, num_rows)
    return capsys.readouterr().out.splitlines()[1:]


def test_a_request_has_its_place_and_its_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = rows(capsys, "taken over")
    assert "my file.py:3:5" in row
    assert "taken over" in row


def test_those_in_a_row_that_typing_overtook_are_one_row_with_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "answered", "cancelled", "superseded", "cancelled", "typed through", "superseded", "answered")
    assert len(found) == 5
    assert "cancelled, like 2 more before it" in found[1]
    assert found[3].split()[2] == "superseded"
    assert "more" not in found[3]


def test_rows_are_counted_not_requests(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, *["cancelled"] * 50, "answered", "answered", num_rows=2)
    assert ["like 49 more" in row for row in found] == [True, False]


def test_without_requests_a_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_requests([], 10)
    assert "No editor has asked" in capsys.readouterr().out
