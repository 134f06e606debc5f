"""A sum of adapters: layers that only one of them changes, and files that cannot be summed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.server.adapters.real_adapter import make_adapter

from finetab.adapters.attach import attach
from finetab.adapters.config import read_config
from finetab.adapters.library import WEIGHTS
from finetab.adapters.parents import Parent, read_parents
from finetab.adapters.sum import write_sum
from finetab.core.models import load_base
from finetab.errors import BadAdapter


def parents(base: Path, folder: Path, *layers: str | list[str]) -> tuple[Parent, ...]:
    made = [make_adapter(base, folder / str(seed), seed, layers=of) for seed, of in enumerate(layers, start=1)]
    return read_parents([str(path) for path in made], (0.5, 2.0))


def test_a_layer_that_only_one_changes_is_changed_by_that_one(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    base = tiny("llama")
    one, two = parents(base, tmp_path, ["layers.0.mlp.up_proj", "layers.1.mlp.up_proj"], ["layers.1.mlp.up_proj"])
    (tmp_path / "sum").mkdir()
    assert write_sum((one, two), tmp_path / "sum") == 8

    def weight(adapter: Path | None, layer: int) -> torch.Tensor:
        loaded = load_base(str(base))
        model = loaded.model if adapter is None else attach(loaded, adapter, one.manifest)
        return model.get_parameter(f"model.layers.{layer}.mlp.up_proj.weight").clone()

    for layer, shares in ((0, (0.5, 0.0)), (1, (0.5, 2.0)), (2, (0.0, 0.0))):
        plain = weight(None, layer)
        expected = plain.clone()
        for parent, share in zip((one, two), shares, strict=True):
            expected += share * (weight(parent.folder, layer) - plain)
        torch.testing.assert_close(weight(tmp_path / "sum", layer), expected, rtol=0.0, atol=2e-4)


def test_of_a_parent_without_weight_nothing_is_left(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    made = [make_adapter(tiny("llama"), tmp_path / str(seed), seed, with_rows=seed == 1) for seed in (1, 2)]
    (tmp_path / "sum").mkdir()
    assert write_sum(read_parents([str(path) for path in made], (0.0, 1.0)), tmp_path / "sum") == 4
    assert load_file(tmp_path / "sum" / WEIGHTS).keys() == load_file(made[1] / WEIGHTS).keys()  # no rows
    assert read_config(tmp_path / "sum")["trainable_token_indices"] is None


@pytest.mark.parametrize("damage", ["other", "cut", "gone"])
def test_a_file_that_cannot_be_summed_is_one_sentence(damage: str, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    one, two = parents(tiny("llama"), tmp_path, "all-linear", "all-linear")
    path = two.folder / WEIGHTS
    if damage == "other":
        save_file(load_file(path) | {"base_model.model.model.norm.bias": torch.zeros(3)}, path)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        path.unlink()
    with pytest.raises(BadAdapter, match=r"train (it|them) again"):
        write_sum((one, two), tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_factors_of_half_precision_are_summed_as_well(
    dtype: torch.dtype, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    one, two = parents(tiny("llama"), tmp_path, "all-linear", "all-linear")
    state = load_file(one.folder / WEIGHTS)
    (tmp_path / "sum").mkdir()
    write_sum((one, two), tmp_path / "sum")
    exact = load_file(tmp_path / "sum" / WEIGHTS)
    save_file({key: value.to(dtype) for key, value in state.items()}, one.folder / WEIGHTS)
    write_sum((one, two), tmp_path / "sum")
    found = load_file(tmp_path / "sum" / WEIGHTS)
    assert found.keys() == exact.keys()
    for key, value in exact.items():
        torch.testing.assert_close(found[key], value, rtol=1e-2, atol=1e-2)
