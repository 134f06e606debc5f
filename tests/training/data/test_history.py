"""The split by time: where a repository is cut, which lines came later, and which of them are really new."""

import subprocess
from pathlib import Path

import pytest
from tests.conftest import commit_all

from finetab.errors import BadInput
from finetab_training.data import git
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.git import Lines
from finetab_training.data.history import auto_cut, open_history, truly_new

OLD = "def area(width, height):\n    return width * height\n\n\ndef name():\n    return 'old'\n"
ADDED = "\n\ndef volume_of_box(width, height, depth):\n    base = area(width, height)\n    return base * depth\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "shapes.py").write_text(OLD)
    (folder / "moved.py").write_text("def moved(value):\n    return [value, value + 1]\n" * 5)
    commit_all(folder, "one", "2026-01-01T12:00:00+00:00")
    (folder / "shapes.py").write_text(OLD + ADDED)
    subprocess.run(["git", "-C", str(folder), "mv", "moved.py", "there.py"], check=True)
    (folder / "fresh.py").write_text("class Fresh:\n    def start_engine(self):\n        self.engine.start()\n")
    commit_all(folder, "two", "2026-02-01T12:00:00+00:00")
    return folder


@pytest.mark.parametrize("cut", ["auto", "HEAD~1", "2026-01-15"])
def test_the_lines_that_came_after_the_cut_are_measured_and_the_rest_trained_on(repository: Path, cut: str) -> None:
    corpus = read_corpus(Recipe((str(repository),), cut=cut))
    assert corpus.tally.split_by == "time"
    assert {file.path for file in corpus.training} == {"shapes.py", "moved.py"}
    assert all("volume" not in file.text for file in corpus.training)
    assert {file.path: file.new_lines for file in corpus.test} == {"shapes.py": ((7, 11),), "fresh.py": ((1, 3),)}


def test_a_file_that_only_moved_has_no_new_lines(repository: Path) -> None:
    lines = git.new_lines(repository, git.resolve(repository, "HEAD~1"), git.resolve(repository, "HEAD"))
    assert lines == {"shapes.py": [Lines(7, 5)], "fresh.py": [Lines(1, 3)]}


def test_a_line_that_reads_like_the_header_of_a_file_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int a;\n-- old;\nint b;")
    commit_all(tmp_path, "one")
    (tmp_path / "a.c").write_text("int a;\n++ counter;\nint b;\nint c;\n++ counter;\nint d;\n")
    (tmp_path / "b.c").write_text("int e;\n")
    commit_all(tmp_path, "two")
    lines = git.new_lines(tmp_path, "HEAD~1", "HEAD")
    assert lines == {"a.c": [Lines(2, 1), Lines(4, 3)], "b.c": [Lines(1, 1)]}


def test_new_lines_do_not_hang_on_the_user_s_settings_of_git(repository: Path) -> None:
    before = git.new_lines(repository, "HEAD~1", "HEAD")
    (repository / "shapes.py").write_text("import os\n" + OLD.replace("return width", "return depth * width") + ADDED)
    commit_all(repository, "three")
    plain = git.new_lines(repository, "HEAD~1", "HEAD")
    assert plain == {"shapes.py": [Lines(1, 1), Lines(3, 1)]}
    for entry, value in (("interHunkContext", "9"), ("noprefix", "true")):
        subprocess.run(["git", "-C", str(repository), "config", f"diff.{entry}", value], check=True)
    assert git.new_lines(repository, "HEAD~1", "HEAD") == plain
    assert git.new_lines(repository, "HEAD~2", "HEAD~1") == before


@pytest.mark.parametrize(
    ("cut", "words"),
    [("v9", "has no commit or tag 'v9'"), ("2025-01-01", "no commit before"), ("HEAD", "No line of code was added")],
)
def test_a_cut_that_cannot_be_made_is_told(repository: Path, cut: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        open_history(repository, cut)


def test_a_folder_without_history_is_split_by_file(project: Path) -> None:
    assert open_history(project, "auto") is None
    assert read_corpus(Recipe((str(project),))).tally.split_by == "file"
    with pytest.raises(BadInput, match="is in no git repository"):
        open_history(project, "HEAD~1")
    commit_all(project, "all at once")
    assert read_corpus(Recipe((str(project),))).tally.split_by == "file"


def test_a_cut_needs_one_repository(repository: Path, project: Path) -> None:
    with pytest.raises(BadInput, match=r"A cut .* needs one folder"):
        read_corpus(Recipe((str(repository), str(project)), cut="HEAD~1"))


def test_the_auto_cut_leaves_about_a_tenth_of_the_lines_after_it(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"f{number}.py").write_text(f"value_{number} = 1\n" * 10)
        commit_all(tmp_path, str(number), f"2026-01-{number + 1:02}T12:00:00+00:00")
    assert auto_cut(tmp_path) == git.resolve(tmp_path, "HEAD~2")


@pytest.mark.parametrize(
    "name", ["package-lock.json", "vendor/library.js", "api_pb2.py", "made/tables.py"], ids=lambda name: name
)
def test_what_is_no_code_of_the_repository_does_not_move_the_auto_cut(tmp_path: Path, name: str) -> None:
    (tmp_path / ".gitattributes").write_text("made/** linguist-generated\n")
    for number in range(12):
        (tmp_path / f"f{number}.py").write_text(f"value_{number} = 1\n" * 10)
        commit_all(tmp_path, str(number), f"2026-01-{number + 1:02}T12:00:00+00:00")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("line = 1\n" * 9_000)
    commit_all(tmp_path, "data", "2026-02-01T12:00:00+00:00")
    assert auto_cut(tmp_path) == git.resolve(tmp_path, "HEAD~3")
    with pytest.raises(BadInput, match="No line of code"):
        open_history(tmp_path, "HEAD~1")


def test_a_first_commit_without_code_is_no_place_to_cut(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("words\n")
    commit_all(tmp_path, "one")
    (tmp_path / "a.py").write_text("x = 1\n")
    commit_all(tmp_path, "two")
    assert auto_cut(tmp_path) is None


def test_the_lines_of_a_commit_are_counted_by_the_names_that_files_have_then(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a b.py").write_text("one = 1\ntwo = 2\nthree = 3\nfour = 4\n")
    first = commit_all(tmp_path, "one")
    subprocess.run(["git", "-C", str(tmp_path), "mv", "sub/a b.py", "sub/ä.py"], check=True)
    (tmp_path / "sub" / "data.py").write_bytes(b"\0\1")
    (tmp_path / "top.py").write_text("x = 1\n")
    second = commit_all(tmp_path, "two")
    assert git.added_lines(tmp_path / "sub") == [(second, {"data.py": 0, "ä.py": 0}), (first, {"a b.py": 4})]


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ([], "fresh_line = compute(1)", True),
        (["total = width * height"], "total = width * height", False),
        (["total = width * height"], "    total = widths * height", False),
        (["total = width * height"], "spoken = listen_to(radio)", True),
        (["}"], "}", True),
    ],
)
def test_a_line_much_like_an_old_one_is_not_new(old: list[str], new: str, kept: bool) -> None:
    assert truly_new(new, [Lines(1, 1)], old) == (((1, 1),) if kept else ())
