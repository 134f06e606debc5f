"""A sum of adapters that went on from a third one holds that one once."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.server.adapters.real_adapter import make_adapter, weights_with

from finetab.adapters.library import read_adapter
from finetab.adapters.listing import library_folder
from finetab.adapters.parents import read_parents
from finetab.adapters.shipped import shipped_adapter
from finetab.adapters.start import with_start_once
from finetab.core import manifest
from finetab.errors import BadInput


@pytest.fixture
def folders(tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The start, in a library, and two adapters that say that they went on from it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library_folder().mkdir(parents=True, exist_ok=True)
    (library_folder() / "broken").mkdir()
    (library_folder() / "broken" / manifest.FILE_NAME).write_text("{", "utf-8")
    made = [
        make_adapter(tiny("llama"), folder, number)
        for number, folder in enumerate((library_folder() / "start", tmp_path / "one", tmp_path / "two"), 1)
    ]
    start = manifest.read(made[0])
    for folder in made[1:]:
        told = manifest.read(folder)
        manifest.write(folder, replace(told, data=told.data | {"start": start.label}))
    return made


def weights_of(names: Sequence[Path], shares: Sequence[float]) -> list[float]:
    return [parent.weight for parent in with_start_once(read_parents([str(name) for name in names], shares))]


def test_the_sum_is_the_start_and_what_each_has_learned(folders: list[Path], tiny: Callable[[str], Path]) -> None:
    base, (start, one, two) = tiny("llama"), folders
    folder, made = read_adapter(f"1*{one} + 0.5*{two}")
    assert [each["weight"] for each in made.data["composed"]["parents"]] == [1.0, 0.5, -0.5]
    found, plain = weights_with(base, folder), weights_with(base, None)
    of_start, of_one, of_two = (weights_with(base, each) for each in (start, one, two))
    for name in plain:
        expected = of_start[name] + (of_one[name] - of_start[name]) + 0.5 * (of_two[name] - of_start[name])
        assert torch.allclose(found[name], expected, atol=2e-4), name


def test_nothing_is_added_where_nothing_is_missing_or_the_start_is_given(folders: list[Path]) -> None:
    start, one, two = folders
    assert weights_of((one, two), (0.5, 0.5)) == [0.5, 0.5]
    assert weights_of((one, two), (0.3, 0.3)) == pytest.approx([0.3, 0.3, 0.4])
    assert weights_of((one, two, start), (1.0, 1.0, 0.0)) == [1.0, 1.0, 0.0]
    assert weights_of((one, start), (0.5, 0.5)) == [0.5, 0.5]


def test_a_start_that_is_gone_is_named(folders: list[Path]) -> None:
    shutil.rmtree(folders[0])
    with pytest.raises(BadInput, match=r"started from start@000000000001.*add up to 1"):
        weights_of(folders[1:], (1.0, 1.0))
    assert weights_of(folders[1:], (0.5, 0.5)) == [0.5, 0.5]


def test_what_ships_is_found(folders: list[Path]) -> None:
    shipped = shipped_adapter("default")
    assert shipped is not None
    told = manifest.read(shipped)
    assert "start" not in told.data  # an adapter that nobody else has
    for folder in folders[1:]:
        manifest.write(folder, replace(manifest.read(folder), base_name=told.base_name, data={"start": told.label}))
    (_, _, added) = with_start_once(read_parents([str(folder) for folder in folders[1:]], (1.0, 1.0)))
    assert (added.manifest, added.weight) == (read_adapter(str(shipped))[1], -1.0)
