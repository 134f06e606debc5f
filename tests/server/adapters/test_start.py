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


def starting(folder: Path, start: Path | None) -> Path:
    """The adapter, which says that it went on from that one."""
    told = manifest.read(folder)
    manifest.write(folder, replace(told, data={"start": manifest.read(start).label if start else "base"}))
    return folder


def changes(base: Path, folder: Path) -> dict[str, torch.Tensor]:
    plain = weights_with(base, None)
    return {name: weight - plain[name] for name, weight in weights_with(base, folder).items()}


def test_the_start_of_a_start_is_counted_once_as_well(folders: list[Path], tiny: Callable[[str], Path]) -> None:
    base, (start, one, two) = tiny("llama"), folders
    middle = starting(make_adapter(base, library_folder() / "middle", 4), start)
    starting(one, middle)
    folder, made = read_adapter(f"{one} + {two}")
    assert [each["weight"] for each in made.data["composed"]["parents"]] == [0.5, 0.5, 0.5, -0.5]
    assert made.data["composed"]["starts"] == {manifest.read(middle).label: 1.0, manifest.read(start).label: 1.0}
    of_start, of_middle, of_one, of_two = (changes(base, each) for each in (start, middle, one, two))
    for name, found in changes(base, folder).items():
        learned = 0.5 * (of_one[name] - of_middle[name]) + 0.5 * (of_two[name] - of_start[name])
        assert torch.allclose(found, of_middle[name] + learned, atol=2e-4), name


def test_starts_of_one_age_are_added_in_the_order_of_who_started_from_them(
    folders: list[Path], tiny: Callable[[str], Path]
) -> None:
    """Or a blend would have another version each time."""
    start, one, two = folders
    others = [make_adapter(tiny("llama"), library_folder() / f"other{number}", number) for number in range(5, 10)]
    made = [starting(make_adapter(tiny("llama"), start.parent / f"of {each.name}", 1), each) for each in others]
    names = [str(folder) for folder in (*made, one, two)]
    added = with_start_once(read_parents(names, [0.5] * len(names)))[len(names) :]
    assert [parent.folder.name for parent in added] == [each.name for each in others]


def test_what_was_made_of_adapters_still_holds_their_start(folders: list[Path], tmp_path: Path) -> None:
    start, one, two = folders
    both = read_adapter(f"{one} + {two}")[0]
    assert weights_of((both, one), (0.5, 0.5)) == [0.5, 0.5]
    assert weights_of((both, one), (1.0, 1.0)) == [1.0, 1.0, -1.0]
    more = read_adapter(f"1*{one} + 0.5*{start}")[0]  # where the start is given, the weights are what they are
    assert weights_of((more, two), (1.0, 1.0)) == [1.0, 1.0, -1.5]


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


def test_a_start_that_is_gone_and_may_have_the_others_start_is_named(
    folders: list[Path], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    start, one, two = folders
    middle = starting(make_adapter(tiny("llama"), tmp_path / "middle", 4), start)
    starting(one, middle)
    with pytest.raises(BadInput, match=r"started from middle@.* not on this machine"):
        weights_of((one, two), (1.0, 0.5))
    starting(two, None)  # with no start there is nothing to be counted twice
    assert weights_of((one, two), (1.0, 0.5)) == [1.0, 0.5]


def test_what_ships_is_found(folders: list[Path]) -> None:
    shipped = shipped_adapter("default")
    assert shipped is not None
    told = manifest.read(shipped)
    assert "start" not in told.data  # an adapter that nobody else has
    for folder in folders[1:]:
        manifest.write(folder, replace(manifest.read(folder), base_name=told.base_name, data={"start": told.label}))
    (_, _, added) = with_start_once(read_parents([str(folder) for folder in folders[1:]], (1.0, 1.0)))
    assert (added.manifest, added.weight) == (read_adapter(str(shipped))[1], -1.0)
