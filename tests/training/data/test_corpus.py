"""Reading a folder: what is taken, what is left out and why."""

import subprocess
from pathlib import Path

import pytest

from finetab.errors import BadFile
from finetab_training.data.corpus import read_corpus
from finetab_training.data.split import split_files

GOOD = "def f(a):\n    return a + 1\n"


def test_every_file_left_out_is_counted_with_its_reason(tmp_path: Path) -> None:
    files: dict[str, bytes] = {
        "a.py": GOOD.encode(),
        "copy.py": GOOD.encode(),
        "b.txt": b"words",
        "c.py": b"\0\1",
        "d.py": "é".encode("latin-1"),
        "e.py": b"\n\n",
        "f.js": b"var a=1;" * 300,
        "g.py": b"# @generated\nx = 1\n",
        "h.py": b"def ((:\n  )) = in in\n" * 9,
        "i.py": b"x = 1\n" * 200_000,
        "node_modules/j.js": b"x",
        ".hidden/k.py": b"x = 2",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    corpus = read_corpus(tmp_path)
    assert [file.path for file in corpus.files] == ["a.py"]
    assert corpus.left_out == {
        "same content as another file": 1, "in no known language": 1, "binary": 1, "not UTF-8": 1, "empty": 1,
        "minified or data": 1, "generated": 1, "does not parse": 1, "too large": 1, "hidden, vendored or built": 2,
    }  # fmt: skip


def test_in_a_repository_ignored_files_are_not_read(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("secret.py\n")
    (tmp_path / "secret.py").write_text("key = 'hidden'\n")
    (tmp_path / "new.py").write_text(GOOD)
    assert [file.path for file in read_corpus(tmp_path).files] == ["new.py"]


def test_without_git_the_files_of_the_folder_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "new.py").write_text(GOOD)
    monkeypatch.setenv("PATH", "")
    assert [file.path for file in read_corpus(tmp_path).files] == ["new.py"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_with_nothing_to_train_on_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match=r"There is no folder|holds no source file"):
        read_corpus(tmp_path / name)


def test_the_split_is_by_file_and_adding_a_file_moves_at_most_one_other(project: Path) -> None:
    before = read_corpus(project).files
    training, held_out = split_files(before, 0.3, seed=1)
    assert (len(training), len(held_out)) == (4, 2)
    assert sorted(file.path for file in [*training, *held_out]) == [file.path for file in before]
    (project / "zzz.py").write_text(GOOD)
    after_training, _ = split_files(read_corpus(project).files, 0.3, seed=1)
    assert len({file.path for file in training} - {file.path for file in after_training}) <= 1


def test_a_single_file_is_trained_on(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(GOOD)
    training, held_out = split_files(read_corpus(tmp_path).files, 0.1, seed=0)
    assert (len(training), len(held_out)) == (1, 0)
