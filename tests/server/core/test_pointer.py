"""The pointer to the adapter in force: written, read back, moved and moved back."""

from dataclasses import replace
from pathlib import Path

import pytest

from finetab.core.pointer import (
    Comparison,
    Pointer,
    adapters_of,
    kept_as,
    pointer_path,
    read_pointer,
    resolved,
    write_pointer,
)
from finetab.errors import BadFile


def test_a_folder_where_nothing_was_promoted_has_the_base_in_force(tmp_path: Path) -> None:
    assert read_pointer(tmp_path) == Pointer("base", ())
    assert Pointer().moved_back() is None


def test_what_was_put_in_force_comes_back_and_so_does_what_was_before(tmp_path: Path) -> None:
    write_pointer(tmp_path, read_pointer(tmp_path).moved_to("one"))
    write_pointer(tmp_path, read_pointer(tmp_path).moved_to("two"))
    found = read_pointer(tmp_path)
    assert found == Pointer("two", ("base", "one"))
    assert found.moved_to("two") == found
    back = found.moved_back()
    assert back == Pointer("one", ("base",))
    assert back.moved_back() == Pointer("base", ())


def test_a_comparison_that_ends_is_remembered_until_the_next_one_ends(tmp_path: Path) -> None:
    running = Pointer("one", ("base",), against="two", since=5.0)
    assert running.comparison == Comparison("one", "two", 5.0)
    back = running.moved_back()
    assert back is not None
    for pointer in (running.alone(), running.moved_to("three"), back):
        assert (pointer.against, pointer.since) == ("", 0.0)
        assert pointer.ended is not None
        assert pointer.ended.until
        assert pointer.comparison == replace(Comparison("one", "two", 5.0), until=pointer.ended.until)
        write_pointer(tmp_path, pointer)
        assert read_pointer(tmp_path) == pointer
    assert running.moved_to("one") == running
    assert Pointer().alone() == Pointer()


def test_git_does_not_see_what_is_kept_for_a_folder(tmp_path: Path) -> None:
    write_pointer(tmp_path, Pointer("one"))
    assert (tmp_path / ".finetab" / ".gitignore").read_text() == "*\n"


def test_an_adapter_made_for_the_folder_is_found_there_and_any_other_by_its_name(tmp_path: Path) -> None:
    own = adapters_of(tmp_path) / "mine"
    own.mkdir(parents=True)
    assert resolved(tmp_path, "mine") == str(own)
    assert resolved(tmp_path, "from-the-library") == "from-the-library"
    assert resolved(tmp_path, "base") == "base"
    assert resolved(tmp_path, "a" * 300) == "a" * 300  # no name of a file at all


def test_each_adapter_of_a_blend_is_found_like_one_alone(tmp_path: Path) -> None:
    own = adapters_of(tmp_path) / "mine"
    own.mkdir(parents=True)
    assert resolved(tmp_path, "0.7*python + 0.3*mine") == f"0.7*python + 0.3*{own}"
    assert resolved(tmp_path, "mine + ") == "mine + "  # who loads it says what is wrong


def test_the_pointer_keeps_what_means_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, elsewhere = adapters_of(tmp_path / "project") / "own", tmp_path / "elsewhere"
    for folder in (own, elsewhere):
        folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    project = Path("project")
    assert [kept_as(project, name) for name in ("elsewhere", "./project/../elsewhere", str(elsewhere))] == [
        str(elsewhere)
    ] * 3
    assert [kept_as(project, name) for name in ("own", "project/.finetab/adapters/own", str(own))] == ["own"] * 3
    assert [kept_as(project, name) for name in ("base", "none", "from-the-library")] == [
        "base", "none", "from-the-library",
    ]  # fmt: skip
    assert kept_as(project, "0.5*own + 0.5*elsewhere") == f"0.5*own + 0.5*{elsewhere}"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"adapter": "x"}', '{"adapter": 1, "before": []}', "\ud800"])
def test_a_damaged_pointer_says_what_to_do(text: str, tmp_path: Path) -> None:
    pointer_path(tmp_path).parent.mkdir()
    pointer_path(tmp_path).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadFile, match="delete it, and promote the adapter again"):
        read_pointer(tmp_path)
