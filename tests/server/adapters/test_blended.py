"""Adapters put together as they are loaded: served like one, made once, and the oldest ones forgotten."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.server.adapters.real_adapter import make_adapter

from finetab.adapters import blended as module
from finetab.adapters.blended import blended
from finetab.adapters.library import read_adapter
from finetab.assemble import Loader
from finetab.core import manifest
from finetab.core.progress import silent
from finetab.core.weights import base_folder
from finetab.engine.base import GenerationRequest
from finetab.errors import BadAdapter, BadInput, UnknownName
from finetab.settings import Settings


@pytest.fixture
def pair(tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two adapters of one base, and a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    one, two = (make_adapter(tiny("llama"), tmp_path / f"of {seed}", seed) for seed in (1, 2))
    return one, two


def said(base: Path, adapter: str, quantisation: str = "auto") -> tuple[int, ...]:
    """What is answered to some ids with an adapter."""
    settings = Settings(base=str(base), adapter=adapter, quantisation=quantisation)
    with closing(Loader()(settings, silent)) as completer:
        seat = completer.engine
        return tuple(seat.generate(GenerationRequest(tuple(range(20, 60)), 12, may_end=lambda ids: False)).ids)


@pytest.mark.parametrize("quantisation", ["auto", "none"])
def test_a_blend_is_served_like_one_adapter(
    quantisation: str, pair: tuple[Path, Path], tiny: Callable[[str], Path]
) -> None:
    base, (one, two) = tiny("llama"), pair
    alone = said(base, str(one), quantisation)
    assert said(base, f"1*{one} + 0*{two}", quantisation) == alone
    assert said(base, f"0.5*{one} + 0.5*{one}", quantisation) == alone
    both = said(base, f"{one} + {two}", quantisation)
    assert both not in (alone, said(base, str(two), quantisation))
    assert base_folder(str(base)) == base


def test_its_manifest_names_it_without_paths_and_those_it_is_made_of(pair: tuple[Path, Path]) -> None:
    one, two = pair
    folder, made = read_adapter(f"0.7*{one} + 0.3*{two}")
    assert made.name == "0.7*of 1 + 0.3*of 2"
    assert [(each["weight"], each["folder"]) for each in made.data["composed"]["parents"]] == [
        (0.7, str(one)),
        (0.3, str(two)),
    ]
    assert (made.options["r"], made.base_name) == (8, manifest.read(one).base_name)
    assert read_adapter(f"{one} + {two}")[1].version != made.version
    assert folder.parent.name == "blends"


def test_the_same_sum_written_otherwise_goes_by_what_was_written(pair: tuple[Path, Path]) -> None:
    one, two = pair
    texts = (f"{one} + {two}", f"0.5*{one} + 0.5*{two}")
    assert [read_adapter(text)[1].name for text in texts] == ["of 1 + of 2", "0.5*of 1 + 0.5*of 2"]


def test_it_is_made_once_and_the_oldest_goes_when_there_are_many(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    one, two = pair

    def blend(weight: float) -> Path:
        return blended(f"{weight}*{one} + 1*{two}")

    first, second = blend(1), blend(2)
    for folder in (first, second):
        os.utime(folder, (1, 1))  # long ago
    written = (first / manifest.FILE_NAME).stat().st_mtime_ns
    assert blend(1) == first
    assert (first / manifest.FILE_NAME).stat().st_mtime_ns == written
    blend(3)
    assert first.is_dir()
    assert not second.exists()


def test_what_does_not_go_together_is_one_sentence(
    pair: tuple[Path, Path], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    other = make_adapter(tiny("gpt_neox"), tmp_path / "other", 3)
    with pytest.raises(BadAdapter, match="take one base"):
        read_adapter(f"{pair[0]} + {other}")
    with pytest.raises(UnknownName, match='no adapter "mien"'):
        read_adapter(f"{pair[0]} + mien")
    with pytest.raises(BadInput, match="not nan"):
        read_adapter(f"nan*{pair[0]} + 1*{pair[1]}")


def test_a_folder_with_a_plus_in_its_name_is_one_adapter(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    made = make_adapter(tiny("llama"), tmp_path / "a + b", 1)
    assert read_adapter(str(made))[0] == made
