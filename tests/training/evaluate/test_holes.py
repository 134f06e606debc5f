"""Holes: cut by kind and file in turn, never of lines that training has seen, kept and read again."""

import gzip
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from finetab.completion.neighbours import Neighbours
from finetab.completion.related import bare_chunk
from finetab.completion.request import CompletionRequest
from finetab.core.languages import LANGUAGES
from finetab.errors import BadFile
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import trained_on
from finetab_training.evaluate.holes import KINDS, Cut, cut_holes, partly_typed, unseen


def files_of(project: Path) -> tuple[SourceFile, ...]:
    """All files of the project, in order."""
    corpus = read_corpus(Recipe((str(project),)))
    return tuple(sorted((*corpus.training, *corpus.test), key=lambda file: file.path))


CONTROL = """import os

def f(names):
    for name in names:
        full = os.path.join("here", name)
        print(full, name)
    while len(names) > 10:
        names.pop()
"""


def test_holes_are_pieces_of_their_files_of_all_kinds(project: Path) -> None:
    (project / "loops.py").write_text(CONTROL)
    files = files_of(project)
    cut = cut_holes(files, 60, seed=0)
    texts = {file.place: file.text for file in files}
    assert len(cut.holes) == 60
    assert {hole.kind for hole in cut.holes} == set(KINDS)
    assert len({hole.path for hole in cut.holes}) == 7
    for hole in cut.holes:
        assert hole.prefix + hole.middle + hole.suffix == texts[hole.path]
        assert bool(hole.middle) == (hole.kind != "empty")
    assert len({(hole.path, hole.prefix, hole.middle) for hole in cut.holes}) == 60


def test_languages_and_kinds_take_turns(project: Path) -> None:
    """One file of another language among six of Python has as many holes as they have."""
    bodies = (f"  const sum{index} = left + {index};\n  return sum{index} + right;\n" for index in range(20))
    (project / "sums.js").write_text("".join(f"function sum(left, right) {{\n{body}}}\n" for body in bodies))
    holes = cut_holes(files_of(project), 40, seed=0).holes
    counted = Counter((hole.language, hole.kind) for hole in holes)
    for kind in ("line", "rest", "block", "random", "empty"):
        assert abs(counted["python", kind] - counted["javascript", kind]) <= 1
    lines = [hole.path for hole in cut_holes(files_of(project), 100, seed=0).holes if hole.kind == "line"]
    assert len(set(lines[:13])) == 7  # files take turns as well


def test_a_hole_carries_the_code_that_a_server_would_pick(project: Path) -> None:
    files = files_of(project)
    neighbours = tuple(file.document() for file in files)
    for hole in cut_holes(files, 12, seed=0, neighbours=neighbours).holes:
        request = CompletionRequest(hole.document(), len(hole.prefix), neighbours=neighbours)
        picked = Neighbours().related_to(request).chunks
        assert picked
        assert [(chunk.path, chunk.line, chunk.text) for chunk in hole.context] == [
            (chunk.path, chunk.line, chunk.text) for chunk in picked
        ]
        assert hole.path not in {chunk.path for chunk in hole.context}  # its text would give the middle away


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


def test_context_and_check_are_kept_with_a_hole_that_has_them(tmp_path: Path) -> None:
    chunk = bare_chunk("b.py", 3, "def width():\n")
    hole = Hole("a.py", "python", "x = ", "\n", "1", "rest", (chunk,), "assert x == 1\n")
    write_holes(tmp_path / "holes.jsonl", [hole, Hole("a.py", "python", "", "", "x")])
    assert read_holes(tmp_path / "holes.jsonl")[0] == hole
    assert "context" not in (tmp_path / "holes.jsonl").read_text().splitlines()[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "holds no hole"), ("{", "line 1: not a JSON object"), ('{"path": "a"}', "line 1: language, prefix"),
     ("[1]", "line 1: not a JSON object"),
     ('{"path": "a", "language": "", "prefix": "", "suffix": "", "middle": "", "context": ["b"]}', r"list of \[path")],
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
