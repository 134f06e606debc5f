"""How a base's weights are held: in 8 bits wherever that is possible, and a reason in words where it is not."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.conftest import FAMILIES
from tests.server.adapters.real_adapter import make_adapter

from finetab.core.weights import base_folder
from finetab.engine import ways
from finetab.engine.int8.network import Int8Network
from finetab.engine.transformers_network import TransformersNetwork
from finetab.engine.ways import choose_way, open_network
from finetab.errors import BadSetting
from finetab.settings import Settings

CPU = Settings(device="cpu")


@pytest.mark.parametrize("family", FAMILIES)
def test_known_families_are_held_in_8_bits(family: str, tiny: Callable[[str], Path]) -> None:
    assert choose_way(CPU, tiny(family), None) == ("int8", "")


@pytest.mark.parametrize("way", ["int8", "none"])
def test_each_way_opens_its_network(way: ways.Way, tiny: Callable[[str], Path]) -> None:
    folder = tiny("llama")
    base, network = open_network(Settings(base=str(folder), device="cpu"), folder, way, None)
    assert isinstance(network, Int8Network if way == "int8" else TransformersNetwork)
    assert (base.folder, base.context_length, base.num_logits) == (folder, 1024, 265)


@pytest.mark.parametrize("way", ["int8", "none"])
def test_no_thread_is_left_that_computed_while_weights_were_read(way: ways.Way, tiny: Callable[[str], Path]) -> None:
    before = threading.active_count()
    folder = tiny("llama")
    open_network(Settings(base=str(folder), device="cpu"), folder, way, None)
    assert threading.active_count() == before


@pytest.mark.parametrize("is_cut", [False, True])
def test_the_likely_rows_are_made_for_who_decodes_by_them(is_cut: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "Int8Network", lambda _folder, _spelled, likely, is_bare: likely)
    folder = base_folder("default")
    likely: Any = open_network(Settings(device="cpu"), folder, "int8", None, is_cut=is_cut)[1]
    assert (likely is not None) is is_cut


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(device="meta"), "the device is meta"),
        (Settings(device="cpu", dtype="bfloat16"), "dtype is bfloat16"),
        (Settings(device="cpu", quantisation="none"), "quantisation is none"),
    ],
)
def test_settings_that_ask_for_something_else_get_it(
    settings: Settings, reason: str, tiny: Callable[[str], Path]
) -> None:
    assert choose_way(settings, tiny("llama"), None) == ("none", reason)


def test_other_families_and_other_files_go_the_general_way(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(tiny("llama"), tmp_path / "other")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "qwen2"}))
    assert choose_way(CPU, folder, None)[1].startswith("the family qwen2")
    (folder / "model.safetensors").rename(folder / "model.bin")
    assert choose_way(CPU, folder, None) == ("none", f"{folder} has no safetensors")


def test_an_adapter_that_is_more_than_lora_goes_the_general_way(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    plain = make_adapter(tiny("llama"), tmp_path / "plain", 1)
    more = make_adapter(tiny("llama"), tmp_path / "more", 1, use_dora=True)
    assert choose_way(CPU, tiny("llama"), plain)[0] == "int8"
    assert choose_way(CPU, tiny("llama"), more) == ("none", f"the adapter in {more} is more than LoRA")


def test_8_bits_that_are_asked_for_and_cannot_be_had_are_refused(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "is_kernel_here", lambda: False)
    assert choose_way(CPU, tiny("llama"), None) == ("none", "torch has no 8-bit kernel for this processor")
    with pytest.raises(BadSetting, match=r"cannot be held in 8 bits: torch has no .* Set quantisation to auto"):
        choose_way(Settings(device="cpu", quantisation="int8"), tiny("llama"), None)
