"""A corpus that remembers: the same as one that does not, and only what has changed is examined again."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from finetab_training.data import corpus, remembered
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.filters import Examined, Policy, examine
from finetab_training.data.sources import RawFile

LONG = "\n".join(f"value_{index} = compute_{index}(first, second)" for index in range(40))
SECRET = 'def connect():\n    return client(token="ghp_' + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" + '")\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "folder"
    found.mkdir()
    for name, text in (("long.py", LONG), ("twin.py", LONG + "\n"), ("secret.py", SECRET), ("words.txt", "words"),
                       ("broken.py", "def ((:\n  )) = in in\n" * 9), ("short.py", "x = 1\n")):  # fmt: skip
        (found / name).write_text(text)
    return found


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were examined, in order."""
    seen: list[str] = []

    def noted(raw: RawFile, policy: Policy) -> Examined:
        seen.append(raw.path)
        return examine(raw, policy)

    monkeypatch.setattr(corpus, "examine", noted)
    return seen


def test_only_what_has_changed_is_examined_again_and_the_corpus_is_the_same(
    folder: Path, tmp_path: Path, examined: list[str]
) -> None:
    plain = Recipe((str(folder),))
    remembering = replace(plain, memory=tmp_path / "memory.sqlite")
    expected = read_corpus(plain)
    assert len(expected.training) + len(expected.test) == 3
    assert "ghp_" not in "".join(file.text for file in (*expected.training, *expected.test))
    for _ in range(2):
        found = read_corpus(remembering)
        assert (found.training, found.test) == (expected.training, expected.test)
        assert (found.tally.dropped, found.tally.credentials) == (expected.tally.dropped, expected.tally.credentials)
        assert "token" in (tmp_path / "folder" / "secret.py").read_text()
    assert len(examined) == 2 * 6  # without the memory, and to fill it
    (folder / "short.py").write_text("x = 2\n")
    changed = read_corpus(remembering)
    assert examined[12:] == ["short.py"]
    assert "x = 2\n" in [file.text for file in (*changed.training, *changed.test)]


def test_another_policy_is_another_question(folder: Path, tmp_path: Path, examined: list[str]) -> None:
    recipe = Recipe((str(folder),), memory=tmp_path / "memory.sqlite")
    read_corpus(recipe)
    strict = read_corpus(replace(recipe, policy=Policy(max_bytes=150)))
    assert len(examined) == 2 * 6
    assert strict.tally.dropped["too large"] == 3


def test_a_damaged_memory_is_begun_anew_and_old_rows_go(
    folder: Path, tmp_path: Path, examined: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory.sqlite"
    memory.write_bytes(b"no database, but long enough to be read as one" * 100)
    recipe = Recipe((str(folder),), memory=memory)
    assert read_corpus(recipe).training
    assert read_corpus(recipe).training
    assert len(examined) == 6
    later = time.time() + 100 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    read_corpus(recipe)
    assert len(examined) == 12


def test_a_file_that_could_not_be_read_is_no_empty_one(tmp_path: Path) -> None:
    policy = Policy()
    work = remembered.remembering(partial(corpus._examine_and_sign, policy=policy), tmp_path / "memory.sqlite", policy)
    empty = RawFile("folder", "a.py", b"", "", is_own=True)
    reasons = [work(raw)[0].reason for raw in (empty, replace(empty, is_unreadable=True))]
    assert reasons == ["empty", "unreadable"]


def test_it_keeps_no_secret(folder: Path, tmp_path: Path) -> None:
    policy = Policy()
    memory = tmp_path / "memory.sqlite"
    work = remembered.remembering(partial(corpus._examine_and_sign, policy=policy), memory, policy)
    work(RawFile("folder", "secret.py", SECRET.encode(), "", is_own=True))
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("memory.sqlite*"))
    assert b"connect" in kept
    assert b"ghp_" not in kept
