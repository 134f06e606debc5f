"""Sources: what each kind gives, and what is said when there is none."""

import errno
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import commit_all

from finetab.errors import BadFile, FinetabError
from finetab_training.data import git
from finetab_training.data.sources import open_source

GOOD = "def f(a):\n    return a + 1\n"


def closed(monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
    """Take away the right to read files, and to look into folders; a test may run as one whom no rights bind."""

    def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
        def refused(path: Any, *given: Any, **named: Any) -> Any:
            if any(place == Path(path) or place in Path(path).parents for place in places):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return function(path, *given, **named)

        return refused

    monkeypatch.setattr(Path, "open", refusing(Path.open))
    monkeypatch.setattr(os, "scandir", refusing(os.scandir))


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text(GOOD)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text(GOOD)
    files = list(open_source(str(tmp_path)).files)
    assert [(file.path, file.data, file.is_own) for file in files] == [
        ("b.py", GOOD.encode(), True),
        ("sub/a.py", GOOD.encode(), True),
    ]


def test_in_a_repository_ignored_files_are_not_read_and_marked_ones_are_known(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("secret.py\n")
    (tmp_path / ".gitattributes").write_text("gen/** linguist-generated=true\nother/** linguist-vendored\n")
    for name in ("secret.py", "new.py", "gen/a.py", "other/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    commit_all(tmp_path, "all")
    found = {file.path: file.is_generated for file in open_source(str(tmp_path)).files}
    assert found == {
        ".gitattributes": False, ".gitignore": False, "gen/a.py": True, "new.py": False, "other/b.py": True,
    }  # fmt: skip


def test_without_git_the_files_of_the_folder_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new.py").write_text(GOOD)
    commit_all(tmp_path, "one")
    monkeypatch.setenv("PATH", "")
    assert "new.py" in [file.path for file in open_source(str(tmp_path)).files]


def test_a_commit_gives_the_files_as_they_were_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "é a.py").write_text("old = 1\n")
    (tmp_path / "top.py").write_text(GOOD)
    first = commit_all(tmp_path, "one")
    (tmp_path / "sub" / "é a.py").write_text("new = 2\n")
    commit_all(tmp_path, "two")
    source = open_source(f"{tmp_path / 'sub'}@{first}")
    assert [(file.path, file.data) for file in source.files] == [("é a.py", b"old = 1\n")]
    assert source.facts["commit"] == first


@pytest.mark.parametrize("has_git", [True, False])
def test_a_link_is_no_file_of_a_folder(has_git: bool, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.py").write_text("secret = 1\n")
    (folder / "a.py").write_text(GOOD)
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    specs = [str(folder), f"{folder}@{commit_all(folder, 'one')}"] if has_git else [str(folder)]
    for spec in specs:
        assert [file.path for file in open_source(spec).files] == ["a.py"]


@pytest.mark.parametrize("has_git", [True, False])
def test_what_cannot_be_read_is_known(has_git: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.py", "b.py", "sub/c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    if has_git:
        commit_all(tmp_path, "one")
    closed(monkeypatch, tmp_path / "b.py", tmp_path / "sub")
    found = {file.path: file.is_unreadable for file in open_source(str(tmp_path)).files}
    assert found == {"a.py": False, "b.py": True, "sub/c.py" if has_git else "sub": True}


def test_of_a_huge_file_only_a_part_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MOST_BYTES", 10)
    (tmp_path / "a.py").write_bytes(b"x" * 35)
    (tmp_path / "b.py").write_bytes(b"y = 1\n")
    commit = commit_all(tmp_path, "all")
    for spec in (str(tmp_path), f"{tmp_path}@{commit}"):
        found = {file.path: file.data for file in open_source(spec).files}
        assert found == {"a.py": b"x" * 10, "b.py": b"y = 1\n"}


def test_a_package_is_third_party_and_under_its_licence() -> None:
    source = open_source("package:rich")
    first = next(iter(source.files))
    assert (source.name, source.facts["licence"], first.is_own, first.licence) == ("package:rich", "MIT", False, "MIT")


def test_a_wheel_is_read_as_it_was_downloaded_and_under_its_licence(tmp_path: Path) -> None:
    path = tmp_path / "some_package-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("some/b.py", "b = 2\n")
        wheel.writestr("some/a.py", GOOD)
        wheel.writestr("some_package-1.2.dist-info/METADATA", "Name: some-package\nLicense-Expression: ISC\n")
    source = open_source(str(path))
    files = [(file.path, file.data, file.licence, file.is_own) for file in source.files if file.path.endswith(".py")]
    assert (source.name, source.facts) == ("some_package-1.2", {"licence": "ISC"})
    assert files == [("some/a.py", GOOD.encode(), "ISC", False), ("some/b.py", b"b = 2\n", "ISC", False)]


def test_a_wheel_whose_metadata_say_nothing_is_under_the_licence_file_in_it(tmp_path: Path) -> None:
    path, info = tmp_path / "some-1-py3-none-any.whl", "some-1.dist-info"
    text = (Path(__file__).parents[3] / "LICENSE").read_text("utf-8")
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Name: some\n")
        wheel.writestr(f"{info}/licenses/LICENSE", text)
        wheel.writestr(f"{info}/RECORD", f"{info}/licenses/LICENSE,,\n")
    assert open_source(str(path)).facts == {"licence": "Apache-2.0"}


def test_a_broken_wheel_is_told(tmp_path: Path) -> None:
    (tmp_path / "some-1-py3-none-any.whl").write_bytes(b"PK no zip file")
    with pytest.raises(BadFile, match="cannot be read as a wheel"):
        open_source(str(tmp_path / "some-1-py3-none-any.whl"))


def test_a_dataset_is_streamed_with_its_usual_columns_or_named_ones(tmp_path: Path) -> None:
    rows = [
        {
            "content": GOOD,
            "max_stars_repo_path": "src/a.py",
            "max_stars_repo_licenses": ["MIT", "Apache-2.0"],
            "n": GOOD,
        },
        {"content": "x = 1\n", "max_stars_repo_path": "b.py", "max_stars_repo_licenses": [], "n": "named"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = list(open_source(f"hub:{tmp_path}").files)
    assert [(file.path, file.licence, file.is_own) for file in files] == [
        ("src/a.py", "(MIT) AND (Apache-2.0)", False),
        ("b.py", "", False),
    ]
    assert files[0].data == GOOD.encode()
    assert list(open_source(f"hub:{tmp_path}", {"text": "n"}).files)[1].data == b"named"
    with pytest.raises(FinetabError, match=r"has no column for text .* Name it with --column text=NAME"):
        list(open_source(f"hub:{tmp_path}", {"text": "none"}).files)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nowhere", "There is no folder nowhere"),
        ("package:no_such_package", "There is no installed package"),
        ("package:no.such", "There is no installed package"),
        ("{tmp}/file.py", "is a file; a source is a folder"),
        ("{tmp}@v1", "has no commit or tag 'v1'"),
    ],
)
def test_a_source_that_is_none_is_told(spec: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("")
    with pytest.raises(FinetabError, match=words):
        list(open_source(spec.format(tmp=tmp_path)).files)


def test_a_dataset_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(FinetabError, match="cannot be opened"):
        list(open_source(f"hub:{tmp_path / 'none'}").files)
