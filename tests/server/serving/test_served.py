"""Adapters by request: attached when first asked for, taken away when too many rest, and only from the library."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import write_model
from tests.server.adapters.real_adapter import make_adapter
from tests.server.engine.hollow_network import HollowNetwork

from finetab.adapters import shipped
from finetab.adapters.listing import library_folder
from finetab.core import manifest
from finetab.core.base import Base, read_base
from finetab.core.bases import FALLBACK_BASE, cache_folder
from finetab.engine.network import NO_ADAPTER
from finetab.errors import BadAdapter, UnknownName
from finetab.serving.served import Served


@pytest.fixture
def base(tiny: Callable[[str], Path]) -> Base:
    return read_base(str(tiny("llama")))


def copies(adapter: Path, count: int) -> list[Path]:
    """The same adapter under other names."""
    found = []
    for number in range(count):
        folder = adapter.with_name(f"copy{number}")
        folder.mkdir()
        for file in adapter.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        manifest.write(folder, replace(manifest.read(adapter), name=folder.name))
        found.append(folder)
    return found


def test_of_too_many_adapters_those_that_rest_longest_go_and_one_in_use_stays(base: Base, tmp_path: Path) -> None:
    network = HollowNetwork()
    served = Served(base, network, any_folder=True)
    first, *others = copies(make_adapter(base.folder, tmp_path / "mine", seed=1), 20)
    with served.adapter_of(str(first)) as label:
        assert label.startswith("copy0@")
        for other in others:
            with served.adapter_of(str(other)):
                pass
        assert len(network.names) == 16
        assert label in network.names
    with served.adapter_of(base.name) as label:
        assert label == NO_ADAPTER


def test_over_a_network_only_the_library_is_served(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    outside = make_adapter(base.folder, tmp_path / "outside", seed=1)
    make_adapter(base.folder, library_folder() / "inside", seed=2)
    served = Served(base, HollowNetwork(), any_folder=False)
    for name in (str(outside), "../../outside", "inside/../../../outside", "."):
        with pytest.raises(UnknownName), served.adapter_of(name):
            pass
    with served.adapter_of("inside") as label:
        assert label.startswith("inside@")
    assert [(one["id"], one.get("parent")) for one in served.models()] == [(base.name, None), ("inside", base.name)]


def test_an_adapter_of_another_base_is_refused(base: Base, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    other = make_adapter(tiny("gemma3_text"), tmp_path / "other", seed=1)
    with pytest.raises(BadAdapter), Served(base, HollowNetwork(), any_folder=True).adapter_of(str(other)):
        pass


def test_the_adapter_that_ships_for_a_base_is_served_as_base(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(cache_folder() / FALLBACK_BASE, "llama")
    monkeypatch.setattr(shipped, "FOLDER", home / "shipped")
    served = Served(read_base(FALLBACK_BASE), HollowNetwork(), any_folder=False)
    with pytest.raises(UnknownName), served.adapter_of("base"):
        pass
    label = manifest.read(make_adapter(folder, home / "shipped" / FALLBACK_BASE, 1)).label
    with served.adapter_of("base") as found:
        assert found == label
