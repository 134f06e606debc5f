"""The library of adapters: by name, by folder, never half-written ones."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.core.test_manifest import MANIFEST

from finetab.adapters.library import WEIGHTS, adapter_folder, chosen, list_adapters, read_adapter, read_named
from finetab.adapters.listing import library_folder
from finetab.adapters.shipped import shipped_adapter
from finetab.core import manifest
from finetab.core.atomic import new_folder
from finetab.core.manifest import Manifest
from finetab.core.pointer import BARE, BASE
from finetab.core.weights import fingerprint
from finetab.errors import BadAdapter, MissingWeights, UnknownName
from finetab.settings import Settings


def put(folder: Path, made: Manifest = MANIFEST) -> Path:
    with new_folder(folder) as building:
        (building / WEIGHTS).write_bytes(b"weights")
        manifest.write(building, made)
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
def test_an_unknown_folder_offers_the_near_one_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("runs/for-peft"))
    put(Path("for-networkx"))
    for asked, near in (("runs/for-pet", "runs/for-peft"), ("for-netwrkx", "for-networkx")):
        with pytest.raises(UnknownName, match=f'did you mean "{near}"'):
            adapter_folder(asked)
    with pytest.raises(UnknownName, match="There is no adapter"):
        adapter_folder("no-such-folder/for-peft")


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


@pytest.mark.usefixtures("home")
def test_what_settings_choose_is_checked_before_anything_is_loaded(tmp_path: Path, tiny: Callable[[str], Path]) -> None:
    base = tiny("llama")
    fits = put(tmp_path / "fits", replace(MANIFEST, base_fingerprint=fingerprint(base)))
    other = put(tmp_path / "other")
    assert chosen(Settings(base=str(base)))[1] is None
    folder, adapter = chosen(Settings(base=str(base), adapter=str(fits)))
    assert folder == base
    assert adapter is not None
    assert adapter[0] == fits
    with pytest.raises(BadAdapter, match="was trained on gemma3-270m"):
        chosen(Settings(base=str(base), adapter=str(other)))
    with pytest.raises(MissingWeights):
        chosen(Settings(adapter=str(fits)))


@pytest.mark.usefixtures("home")
def test_what_ships_is_read_by_the_name_that_settings_give_it() -> None:
    named = put(library_folder() / "mine")
    assert read_named("mine") == (named, MANIFEST)
    assert read_named(BASE) == read_adapter(str(shipped_adapter("default")))
    with pytest.raises(UnknownName, match="no adapter"):
        read_named(BARE)
