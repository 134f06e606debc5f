"""Files of the workspace: read where they are imported, left alone where they must be."""

import os
from pathlib import Path

import pytest
from tests.conftest import commit_all

from finetab.completion.request import CompletionRequest
from finetab.completion.workspace import WorkspaceFiles
from finetab.documents import open_document

CODE = "def f(a):\n    return a + 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("app/a.py", "app/b.py", "app/c.py", "lib/d.py"):
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).write_text(CODE)
    return tmp_path / "work"


def request_in(folder: Path, text: str, *opened: str, folders: tuple[str, ...] | None = None) -> CompletionRequest:
    neighbours = tuple(open_document(str(folder / name), (folder / name).read_text()) for name in opened)
    document = open_document(str(folder / "app" / "a.py"), text)
    return CompletionRequest(
        document, len(text), neighbours=neighbours, folders=(str(folder),) if folders is None else folders
    )


def around(files: WorkspaceFiles, request: CompletionRequest, folder: Path) -> list[str]:
    return [Path(document.path).relative_to(folder).as_posix() for document in files.around(request)]


IMPORTS = "from . import b, c\nimport lib.d\nimport os\n"


def test_imported_files_are_read_once_and_again_when_they_change(folder: Path) -> None:
    files, request = WorkspaceFiles(), request_in(folder, IMPORTS)
    first = files.around(request)
    assert around(files, request, folder) == ["app/b.py", "app/c.py", "lib/d.py"]
    assert all(one is other for one, other in zip(first, files.around(request), strict=True))
    (folder / "app" / "b.py").write_text("changed = True\n")
    os.utime(folder / "app" / "b.py", ns=(1, 1))
    assert files.around(request)[0].text == "changed = True\n"
    (folder / "app" / "b.py").unlink()
    assert around(files, request, folder) == ["app/c.py", "lib/d.py"]


def test_an_open_file_is_taken_as_it_is_in_the_editor(folder: Path) -> None:
    request = request_in(folder, IMPORTS, "app/c.py")
    (folder / "app" / "c.py").write_text("saved = True\n")
    found = WorkspaceFiles().around(request)
    assert [(Path(document.path).name, document.text) for document in found] == [
        ("c.py", CODE), ("b.py", CODE), ("d.py", CODE),
    ]  # fmt: skip


def test_a_file_by_another_name_is_the_same_file(folder: Path) -> None:
    (folder / "app" / "again.py").symlink_to(folder / "app" / "b.py")
    (folder / "app" / "own.py").symlink_to(folder / "app" / "a.py")
    found = around(WorkspaceFiles(), request_in(folder, "from . import again, b, own, c\n", "app/c.py"), folder)
    assert found == ["app/c.py", "app/again.py"]


def test_nothing_is_read_outside_the_workspace(folder: Path) -> None:
    assert WorkspaceFiles().around(request_in(folder, IMPORTS, folders=())) == []
    assert around(WorkspaceFiles(), request_in(folder, IMPORTS, folders=(str(folder / "app"),)), folder) == [
        "app/b.py", "app/c.py",
    ]  # fmt: skip
    outside = folder.parent / "secret.py"
    outside.write_text(CODE)
    (folder / "app" / "link.py").symlink_to(outside)
    assert WorkspaceFiles().around(request_in(folder, "from . import link\nfrom ... import secret\n")) == []


def test_what_is_no_source_file_or_too_large_is_not_read(folder: Path) -> None:
    (folder / "app" / "b.py").write_bytes(b"x = '\xff'\n")
    (folder / "app" / "c.py").write_text("x = 1\n" * 50_000)
    (folder / "lib" / "d.py").write_bytes(b"\0")
    assert WorkspaceFiles().around(request_in(folder, IMPORTS)) == []


def reasons(request: CompletionRequest) -> dict[str, str]:
    files = WorkspaceFiles()
    found = files.why_not(files.around(request), request.folders)
    return {Path(path).name: reason for path, reason in found.items()}


def test_what_must_stay_out_of_prompts_is_named_with_the_reason(folder: Path) -> None:
    (folder / ".gitignore").write_text("b.py\n")
    (folder / ".gitattributes").write_text("lib/** linguist-generated\n")
    (folder / "build").mkdir()
    (folder / "build" / "e.py").write_text(CODE)
    (folder / "app" / "c.py").write_text(f"# @generated\n{CODE}")
    (folder / "app" / "table.py").write_text(f"rows = [{', '.join(map(str, range(2_000)))}]\n")
    (folder / "app" / "good.py").write_text(CODE)
    commit_all(folder, "all")
    text = f"{IMPORTS}import build.e\nfrom . import table, good\n"
    expected = {
        "b.py": "ignored by git", "c.py": "generated", "d.py": "generated", "e.py": "hidden, vendored or built",
        "table.py": "minified or data",
    }  # fmt: skip
    assert reasons(request_in(folder, text)) == expected
    assert reasons(request_in(folder, text, "app/b.py", "app/c.py", "lib/d.py", "build/e.py")) == expected


def test_a_file_s_place_is_that_in_the_innermost_folder(folder: Path) -> None:
    inner = folder / "vendor" / "ours"
    inner.mkdir(parents=True)
    (inner / "a.py").write_text(CODE)
    for folders, left_out in (((str(folder),), 1), ((str(folder), str(inner)), 0), ((str(inner), str(folder)), 0)):
        request = request_in(folder, "", "vendor/ours/a.py", folders=folders)
        assert len(WorkspaceFiles().why_not(request.neighbours, folders)) == left_out


def test_an_ignored_file_is_known_wherever_its_repository_is(folder: Path) -> None:
    """In a folder below it, in a repository within another one, and behind a link."""
    (folder / ".gitignore").write_text("b.py\nc.py\n")
    commit_all(folder, "all")
    (folder / "lib" / "inner").mkdir()
    for name in ("b.py", "e.py"):
        (folder / "lib" / "inner" / name).write_text(CODE)
    (folder / "lib" / "inner" / ".gitignore").write_text("e.py\n")
    commit_all(folder / "lib" / "inner", "all")
    opened = ("app/b.py", "lib/inner/b.py", "lib/inner/e.py")
    for folders in ((str(folder),), (str(folder / "app"),), ()):
        request = request_in(folder, "", *opened, folders=folders)
        left_out = WorkspaceFiles().why_not(request.neighbours, folders)
        assert left_out == {
            str(folder / "app" / "b.py"): "ignored by git", str(folder / "lib" / "inner" / "e.py"): "ignored by git",
        }  # fmt: skip
    (folder.parent / "link").symlink_to(folder)
    linked = open_document(str(folder.parent / "link" / "app" / "c.py"), CODE)
    assert list(WorkspaceFiles().why_not((linked,), ())) == [linked.path]


@pytest.mark.parametrize("program", ["", "#!/bin/sh\nexit 128\n", "#!/bin/sh\nexec /bin/sleep 30\n"])
def test_where_git_does_not_answer_what_nobody_has_opened_stays_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (folder / ".gitignore").write_text("b.py\n")
    (folder / "app" / "c.py").write_text(f"# @generated\n{CODE}")
    commit_all(folder, "all")
    if program:
        (folder.parent / "git").write_text(program)
        (folder.parent / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder.parent))
    monkeypatch.setattr("finetab.completion.workspace._PATIENCE_SECONDS", 0.2)
    assert reasons(request_in(folder, IMPORTS, "app/c.py")) == {
        "b.py": "git did not answer", "c.py": "generated", "d.py": "git did not answer",
    }  # fmt: skip


def test_git_that_did_not_answer_is_not_asked_again_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_all(folder, "all")
    (folder.parent / "git").write_text(f"#!/bin/sh\necho asked >> {folder.parent}/log\nexit 128\n")
    (folder.parent / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder.parent))
    files, request = WorkspaceFiles(), request_in(folder, IMPORTS)
    for _ in range(3):
        assert len(files.why_not(files.around(request), request.folders)) == 3
    assert (folder.parent / "log").read_text() == "asked\n"


@pytest.mark.parametrize("path", ["/w/\0.py", "/w/\ud800.py", "", "/", "untitled:1", "/w/" + "x" * 5_000, "/root/a.py"])
def test_a_path_that_leads_nowhere_does_no_harm(path: str, folder: Path) -> None:
    text = "from . import b\nimport app.b\n"
    odd = open_document(path, text, language_id="python")
    files = WorkspaceFiles()
    request = CompletionRequest(odd, len(text), neighbours=(odd,), closed=(odd,), folders=(str(folder), "/w", ""))
    assert files.around(request) == [odd]
    assert files.why_not((odd,), request.folders) == {}


def test_documents_that_are_no_files_are_judged_by_their_text(folder: Path) -> None:
    others = (open_document("untitled:Untitled-1", CODE), open_document("project/build.py", "# @generated\nx = 1\n"))
    assert WorkspaceFiles().why_not(others, (str(folder),)) == {"project/build.py": "generated"}
