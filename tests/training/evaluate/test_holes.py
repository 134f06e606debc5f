"""Holes: cut by kind and file in turn, never of lines that training has seen, kept and read again."""

from pathlib import Path

import pytest

from finetab.errors import BadFile
from finetab_training.data.corpus import read_corpus
from finetab_training.evaluate.holes import Hole, cut_holes, is_seen, lines_of, read_holes, write_holes


def test_holes_are_pieces_of_their_files_of_all_kinds(project: Path) -> None:
    files = read_corpus(project).files
    cut = cut_holes(files, 30, seed=0)
    texts = {file.path: file.text for file in files}
    assert len(cut.holes) == 30
    assert {hole.kind for hole in cut.holes} == {"line", "rest", "block"}
    assert len({hole.path for hole in cut.holes}) == 6
    for hole in cut.holes:
        assert hole.prefix + hole.middle + hole.suffix == texts[hole.path]
    assert len(set(cut.holes)) == 30


def test_the_seed_decides_the_holes(project: Path) -> None:
    files = read_corpus(project).files
    assert cut_holes(files, 9, seed=1) == cut_holes(files, 9, seed=1)
    assert cut_holes(files, 9, seed=1) != cut_holes(files, 9, seed=2)


def test_lines_that_training_has_seen_are_dropped_and_counted(project: Path) -> None:
    files = read_corpus(project).files
    everything = cut_holes(files, 10_000, seed=0)
    cut = cut_holes(files[:1], 10_000, seed=0, seen_lines=lines_of(files[1:]))
    assert cut.num_seen > 0
    assert len(cut.holes) + cut.num_seen == sum(hole.path == files[0].path for hole in everything.holes)
    assert not any(
        "total = width * height" in line for hole in cut.holes if hole.kind == "line" for line in [hole.middle]
    )


@pytest.mark.parametrize(
    ("middle", "seen"),
    [("total = width * height", True), ("return x", False), ("total = width * height\nnew_line = 12345", False),
     ("a_line_not_in_training()", False)],
)  # fmt: skip
def test_what_counts_as_seen(middle: str, seen: bool) -> None:
    assert is_seen(middle, frozenset({"total = width * height", "return x"})) is seen


def test_holes_come_back_as_they_were_written(tmp_path: Path) -> None:
    holes = (Hole("a.py", "python", "x = ", "\n", "é𝒳", "rest"), Hole("b.go", "go", "", "", "package p"))
    write_holes(tmp_path / "holes.jsonl", holes)
    assert read_holes(tmp_path / "holes.jsonl") == holes


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "holds no hole"), ("{", "line 1: not a JSON object"), ('{"path": "a"}', "line 1: language, prefix"),
     ("[1]", "line 1: not a JSON object")],
)  # fmt: skip
def test_a_holes_file_that_is_none_is_refused(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "holes.jsonl").write_text(content)
    with pytest.raises(BadFile, match=words):
        read_holes(tmp_path / "holes.jsonl")
    with pytest.raises(BadFile, match="cannot be read"):
        read_holes(tmp_path / "none.jsonl")
