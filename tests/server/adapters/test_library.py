"""The library of adapters: by name, by folder, never half-written ones."""

from pathlib import Path

import pytest
from tests.server.core.test_manifest import MANIFEST

from finetab.adapters.library import WEIGHTS, adapter_folder, library_folder, list_adapters, read_adapter
from finetab.core import manifest
from finetab.core.atomic import new_folder
from finetab.errors import BadAdapter, UnknownName


def put(folder: Path) -> Path:
    with new_folder(folder) as building:
        (building / WEIGHTS).write_bytes(b"weights")
        manifest.write(building, MANIFEST)
    return folder


@pytest.mark.usefixtures("home")
def test_an_adapter_is_found_by_its_name_and_by_its_folder(tmp_path: Path) -> None:
    named, elsewhere = put(library_folder() / "mine"), put(tmp_path / "elsewhere")
    assert adapter_folder("mine") == named
    assert adapter_folder(str(elsewhere)) == elsewhere
    assert read_adapter("mine") == (named, MANIFEST)
    assert list_adapters() == ["mine"]


@pytest.mark.usefixtures("home")
def test_an_unknown_name_offers_the_near_one() -> None:
    put(library_folder() / "my-project")
    with pytest.raises(UnknownName, match='did you mean "my-project"'):
        adapter_folder("my-projct")
    with pytest.raises(UnknownName, match='There is no adapter ""'):
        adapter_folder("")


@pytest.mark.usefixtures("home")
def test_an_adapter_that_is_being_written_is_not_seen() -> None:
    with new_folder(library_folder() / "mine") as building:
        (building / WEIGHTS).write_bytes(b"half")
        manifest.write(building, MANIFEST)
        assert list_adapters() == []
        with pytest.raises(UnknownName):
            adapter_folder("mine")
    assert list_adapters() == ["mine"]


def test_a_file_and_an_empty_folder_are_no_adapters(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadAdapter, match="is a file"):
        adapter_folder(str(tmp_path / "file"))
    with pytest.raises(BadAdapter, match="is no adapter"):
        read_adapter(str(tmp_path))
