"""A corpus: what is taken, what is left out and why, in memory and as a dataset on disk."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import load_dataset

from finetab.errors import BadFile
from finetab_training.data import filters
from finetab_training.data.corpus import Recipe, Tally, read_corpus
from finetab_training.data.dataset import is_dataset, read_dataset, write_dataset
from finetab_training.data.filters import Policy, examine
from finetab_training.data.sources import RawFile

GOOD = "def f(a):\n    return a + 1\n"


def recipe(folder: Path) -> Recipe:
    return Recipe((str(folder),))


def ignore(tally: Tally) -> None:
    pass


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    folder = tmp_path / "mixed"
    long = "\n".join(f"value_{index} = compute_{index}(a, b)" for index in range(40))
    files: dict[str, bytes] = {
        "a.py": GOOD.encode(),
        "copy.py": GOOD.encode(),
        "long.py": long.encode(),
        "twin.py": long.replace("\n", "\n\n").encode(),
        "b.txt": b"words",
        "c.py": b"\0\1",
        "d.py": "é".encode("latin-1"),
        "e.py": b"\n\n",
        "f.js": b"var a=1;" * 300,
        "table.py": b"DATA = [\n" + b"    1, 22, 333, 4444, 55555,\n" * 50 + b"]\n",
        "g.py": b"# @generated\nx = 1\n",
        "api_pb2.py": GOOD.encode(),
        "h.py": b"def ((:\n  )) = in in\n" * 9,
        "i.py": b"x = 1\n" * 200_000,
        "node_modules/j.js": b"x",
        ".hidden/k.py": b"x = 2",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(data)
    return folder


LEFT_OUT = {
    "same content as another file": 1, "much the same as another file": 1, "in no known language": 1, "binary": 1,
    "not UTF-8": 1, "empty": 1, "minified or data": 2, "generated": 2, "does not parse": 1, "too large": 1,
    "hidden, vendored or built": 2,
}  # fmt: skip


def test_every_file_left_out_is_counted_with_its_reason(mixed: Path) -> None:
    corpus = read_corpus(recipe(mixed))
    assert sorted(file.path for file in (*corpus.training, *corpus.test)) == ["a.py", "long.py"]
    assert corpus.tally.dropped == LEFT_OUT


@pytest.mark.parametrize("num_proc", [1, 2])
def test_a_dataset_holds_the_same_and_says_what_was_left_out(num_proc: int, mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    report = write_dataset(replace(recipe(mixed), num_proc=num_proc), out, ignore)
    training, test, read_report = read_dataset(out)
    corpus = read_corpus(recipe(mixed))
    assert (tuple(training), tuple(test)) == (corpus.training, corpus.test)
    assert report == read_report
    assert report["dropped"] == LEFT_OUT
    assert report["train"]["files"] == report["test"]["files"] == 1
    dropped = [json.loads(line) for line in (out / "dropped.jsonl").read_text().splitlines()]
    assert len(dropped) == sum(LEFT_OUT.values())
    assert {"source": "mixed", "path": "c.py", "reason": "binary"} in dropped


def test_a_dataset_is_plain_arrow_for_others(mixed: Path, tmp_path: Path) -> None:
    write_dataset(recipe(mixed), tmp_path / "dataset", ignore)
    rows = load_dataset("arrow", data_files=str(tmp_path / "dataset" / "train.arrow"), split="train", streaming=True)
    assert {row["path"] for row in rows} <= {"a.py", "long.py"}


def test_a_build_that_fails_leaves_the_dataset_that_was_there(mixed: Path, project: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    before = write_dataset(recipe(project), out, ignore)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadFile, match="no source file that can be used"):
        write_dataset(recipe(empty), out, ignore)
    assert read_dataset(out)[2] == before
    with pytest.raises(BadFile, match="is no dataset; choose another"):
        write_dataset(recipe(project), mixed, ignore)
    assert (mixed / "a.py").read_text() == GOOD
    assert not is_dataset(mixed)


def test_third_party_files_need_a_licence_that_allows_it() -> None:
    third = RawFile("package:x", "a.py", GOOD.encode(), "GPL-3.0-only", is_own=False)
    header = replace(third, data=b"# SPDX-License-Identifier: MIT\n" + GOOD.encode())
    assert examine(third, Policy()).reason == "licence"
    assert examine(replace(third, licence=""), Policy()).reason == "licence"
    assert examine(replace(third, is_own=True), Policy()).file is not None
    assert examine(replace(third, licence="MIT"), Policy()).file is not None
    assert examine(third, Policy(licences=("GPL-3.0-only",))).file is not None
    found = examine(header, Policy()).file
    assert found is not None
    assert found.licence == "MIT"


def test_secrets_are_cut_out_and_counted_and_never_written(tmp_path: Path, project: Path) -> None:
    token = "ghp_" + "0123456789abcdefghij" + "0123456789abcdef"
    (project / "leak.py").write_text(f"import os\n\nTOKEN = '{token}'\n\n\ndef login():\n    return os.environ\n")
    out = tmp_path / "dataset"
    report = write_dataset(recipe(project), out, ignore)
    assert report["credentials_cut"]["GitHub Token"] == 1
    assert any("TOKEN = ''" in file.text for side in read_dataset(out)[:2] for file in side)
    assert not any(token.encode() in path.read_bytes() for path in out.iterdir())


def test_a_file_whose_secrets_cannot_be_cut_out_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "without_credentials", lambda tree: (None, ("GitHub Token",)))
    examined = examine(RawFile("x", "a.py", GOOD.encode(), "", is_own=True), Policy())
    assert (examined.file, examined.reason) == (None, "a secret that cannot be cut out")


def test_evaluation_texts_are_kept_out_of_training(project: Path) -> None:
    text = (project / "shapes_0.py").read_text()
    corpus = read_corpus(replace(recipe(project), evaluations=(text,)))
    assert corpus.tally.dropped == {"holds an evaluation's text": 1}


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_with_nothing_to_train_on_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match=r"There is no folder|holds no source file"):
        read_corpus(recipe(tmp_path / name))


def test_whole_sources_are_kept_back_when_asked(project: Path, mixed: Path) -> None:
    corpus = read_corpus(Recipe((str(project), str(mixed)), by_source=True, held_out_share=0.5))
    assert corpus.tally.split_by == "source"
    assert {file.source for file in corpus.training}.isdisjoint({file.source for file in corpus.test})
    assert corpus.test


def test_folders_of_one_name_are_two_sources(tmp_path: Path) -> None:
    for number, name in enumerate(("one/src", "other/src", "src-2")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.py").write_text(f"value_{number} = compute_{number}({number})\n")
    folders = tuple(str(tmp_path / name) for name in ("one/src", "other/src", "src-2"))
    corpus = read_corpus(Recipe(folders, by_source=True))
    assert [source["source"] for source in corpus.tally.sources] == ["src", "src-2", "src-2-2"]
    assert sorted(file.source for file in (*corpus.training, *corpus.test)) == ["src", "src-2", "src-2-2"]
    assert len(read_corpus(Recipe(folders[:2], by_source=True)).test) == 1
