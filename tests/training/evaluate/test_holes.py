"""Holes: cut by kind and file in turn, never of lines that training has seen, kept and read again."""

from pathlib import Path

import pytest

from finetab.core.languages import LANGUAGES
from finetab.errors import BadFile
from finetab_training.data.corpus import SourceFile, read_corpus
from finetab_training.data.trained import trained_on
from finetab_training.evaluate.holes import Cut, Hole, cut_holes, read_holes, unseen, write_holes


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
    cut = cut_holes(files[:1], 10_000, seed=0, trained=trained_on(files[1:]))
    assert cut.num_seen > 0
    assert len(cut.holes) + cut.num_seen == sum(hole.path == files[0].path for hole in everything.holes)
    assert not any("total = width * height" in hole.whole_lines for hole in cut.holes if hole.kind != "block")


def test_a_rest_of_a_line_is_judged_by_its_whole_line() -> None:
    hole = Hole("a.py", "python", "def f():\n    total = ", "\n    return total\n", "width * height", "rest")
    trained = trained_on([SourceFile("b.py", LANGUAGES[0], "total = width * height\n")])
    assert hole.whole_lines == "    total = width * height"
    assert unseen([hole], 9, trained) == Cut((), 1)


def test_holes_come_back_as_they_were_written(tmp_path: Path) -> None:
    holes = (Hole("a.py", "python", "x = ", "\n", "é𝒳\u2028", "rest"), Hole("b.go", "go", "", "", "package p"))
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
