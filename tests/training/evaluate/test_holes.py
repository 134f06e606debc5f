"""Holes: cut by kind and file in turn, never of lines that training has seen, kept and read again."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from finetab.core.languages import LANGUAGES
from finetab.errors import BadFile
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import trained_on
from finetab_training.evaluate.holes import Cut, cut_holes, partly_typed, unseen


def files_of(project: Path) -> tuple[SourceFile, ...]:
    """All files of the project, in order."""
    corpus = read_corpus(Recipe((str(project),)))
    return tuple(sorted((*corpus.training, *corpus.test), key=lambda file: file.path))


def test_holes_are_pieces_of_their_files_of_all_kinds(project: Path) -> None:
    files = files_of(project)
    cut = cut_holes(files, 30, seed=0)
    texts = {file.place: file.text for file in files}
    assert len(cut.holes) == 30
    assert {hole.kind for hole in cut.holes} == {"line", "rest", "block"}
    assert len({hole.path for hole in cut.holes}) == 6
    for hole in cut.holes:
        assert hole.prefix + hole.middle + hole.suffix == texts[hole.path]
    assert len(set(cut.holes)) == 30


def test_the_seed_decides_the_holes(project: Path) -> None:
    files = files_of(project)
    assert cut_holes(files, 9, seed=1) == cut_holes(files, 9, seed=1)
    assert cut_holes(files, 9, seed=1) != cut_holes(files, 9, seed=2)


def test_lines_that_training_has_seen_are_dropped_and_counted(project: Path) -> None:
    files = files_of(project)
    copied = "".join(files[1].text.splitlines(keepends=True)[2:6])  # a function of another file
    mixed = replace(files[0], text=files[0].text + "\n\n" + copied)
    everything = cut_holes([mixed], 10_000, seed=0)
    cut = cut_holes([mixed], 10_000, seed=0, trained=trained_on(files[1:]))
    assert cut.num_seen > 0
    assert len(cut.holes) + cut.num_seen == len(everything.holes)
    assert not any(line in copied for hole in cut.holes for line in [hole.whole_lines])


def test_holes_lie_within_new_lines_where_a_file_says_which_are(project: Path) -> None:
    file = replace(files_of(project)[0], new_lines=((4, 5), (12, 12)))
    cut = cut_holes([file], 10_000, seed=0)
    lines = {hole.prefix.count("\n") + 1 + extra for hole in cut.holes for extra in range(hole.middle.count("\n") + 1)}
    assert {4, 5} <= lines <= {4, 5, 12}


def test_a_rest_of_a_line_is_judged_by_its_whole_line() -> None:
    hole = Hole("a.py", "python", "def f():\n    total = ", "\n    return total\n", "width * height", "rest")
    trained = trained_on([SourceFile("b.py", LANGUAGES[0], "total = width * height\n")])
    assert hole.whole_lines == "    total = width * height"
    assert unseen([hole], 9, trained) == Cut((), 1)


def test_holes_come_back_as_they_were_written(tmp_path: Path) -> None:
    holes = (Hole("a.py", "python", "x = ", "\n", "é𝒳\u2028", "rest"), Hole("b.go", "go", "", "", "package p"))
    write_holes(tmp_path / "holes.jsonl", holes)
    assert read_holes(tmp_path / "holes.jsonl") == holes
    (tmp_path / "holes.jsonl.gz").write_bytes(gzip.compress((tmp_path / "holes.jsonl").read_bytes()))
    assert read_holes(tmp_path / "holes.jsonl.gz") == holes


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
    (tmp_path / "holes.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(BadFile, match="cannot be read"):
        read_holes(tmp_path / "holes.jsonl.gz")


def test_a_partly_typed_hole_is_the_same_text_with_a_cursor_further_on() -> None:
    hole = Hole("a.py", "python", "x = ", "\n", "width + 1\nnext", "rest")
    typed = partly_typed(hole)
    assert typed == partly_typed(hole)
    assert typed.prefix + typed.middle == hole.prefix + hole.middle
    assert len(hole.prefix) < len(typed.prefix) < len(hole.prefix) + len("width + 1")
