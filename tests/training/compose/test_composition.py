"""Adapters composed: the sum is the sum, the rows are means, the parents are told, and what does not fit is refused."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import FAMILIES
from tests.server.adapters.real_adapter import make_adapter, weights_with

from finetab.adapters.library import WEIGHTS, read_adapter
from finetab.adapters.listing import library_folder
from finetab.adapters.parents import Parent, parse_weights, read_parents
from finetab.adapters.start import with_start_once
from finetab.core import manifest
from finetab.errors import BadAdapter, BadFile, BadInput
from finetab_training.compose.composition import METHODS, Composition, compose
from finetab_training.data.trained import Trained, read_trained, write_trained


def parents_of(base: Path, folder: Path, weights: Sequence[float], *options: dict[str, Any]) -> tuple[Parent, ...]:
    """Adapters of random factors, each trained on a line of its own."""
    names = []
    for number, each in enumerate(options):
        made = make_adapter(base, folder / f"parent{number}", number + 1, **each)
        write_trained(made, Trained({f"{number}.py": str(number)}, frozenset({number})))
        names.append(str(made))
    return read_parents(names, weights)


def test_a_rank_above_what_a_layer_has_can_be_loaded(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    base = tiny("llama")
    parents = parents_of(base, tmp_path, (0.75, -0.5), {}, {})
    assert compose(parents, Composition("svd", rank=200), tmp_path / "wide").options["r"] == 200
    compose(parents, Composition(), tmp_path / "sum")
    found, whole = weights_with(base, tmp_path / "wide"), weights_with(base, tmp_path / "sum")
    assert all(torch.allclose(found[name], weight, atol=2e-4) for name, weight in whole.items())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["cat", "svd"])
def test_the_sum_is_the_weighted_sum_of_the_changes(
    method: str, family: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = tiny(family)
    parents = parents_of(base, tmp_path, (0.75, -0.5), {"lora_alpha": 6}, {"use_rslora": True})
    out = tmp_path / "sum"
    compose(parents, Composition(method, rank=8 if method == "svd" else 0), out)
    plain, found = weights_with(base, None), weights_with(base, out)
    changes = [weights_with(base, parent.folder) for parent in parents]
    for name, weight in plain.items():
        expected = weight + sum(
            parent.weight * (changed[name] - weight) for parent, changed in zip(parents, changes, strict=True)
        )
        assert torch.allclose(found[name], expected, atol=2e-4), name


def test_rows_are_means_and_the_manifest_and_the_trained_lines_are_those_of_both(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    parents = parents_of(tiny("llama"), tmp_path, (3.0, 1.0), {}, {})
    made = compose(parents, Composition(), tmp_path / "sum")
    folder, read = read_adapter(str(tmp_path / "sum"))
    assert read == made
    assert [each["adapter"] for each in read.data["composed"]["parents"]] == [p.manifest.label for p in parents]
    assert (read.options["r"], read.version) == (8, made.version)
    trained = read_trained(folder)
    assert set(trained.files) == {"0.py", "1.py"}
    assert trained.lines == frozenset((0, 1))
    one, two, mean = (
        next(value for key, value in load_file(each / WEIGHTS).items() if "trainable_tokens" in key)
        for each in (parents[0].folder, parents[1].folder, folder)
    )
    assert torch.allclose(mean, 0.75 * one + 0.25 * two, atol=1e-6)


@pytest.mark.parametrize("method", ["cat", "linear"])
def test_rows_of_a_parent_without_weight_are_left_out(method: str, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    parents = parents_of(tiny("llama"), tmp_path, (0.0, 1.0), {}, {"with_rows": False})
    compose(parents, Composition(method), tmp_path / "sum")
    found, alone = weights_with(tiny("llama"), tmp_path / "sum"), weights_with(tiny("llama"), parents[1].folder)
    assert all(torch.allclose(found[name], weight, atol=1e-5) for name, weight in alone.items())
    assert not any("trainable_tokens" in key for key in load_file(tmp_path / "sum" / WEIGHTS))


@pytest.mark.parametrize("method", METHODS)
def test_every_way_gives_an_adapter_that_can_be_served(
    method: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    parents = parents_of(tiny("gemma3_text"), tmp_path, (), {}, {})
    compose(parents, Composition(method), tmp_path / "made")
    found = weights_with(tiny("gemma3_text"), tmp_path / "made")
    plain = weights_with(tiny("gemma3_text"), None)
    assert any(not torch.allclose(found[name], plain[name], atol=1e-3) for name in plain)


def test_a_start_is_counted_once_also_in_a_sum_with_what_was_composed(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    start = make_adapter(tiny("llama"), library_folder() / "start", 9)
    label = manifest.read(start).label
    parents = [replace(parent, manifest=replace(parent.manifest, data={"start": label}))
               for parent in parents_of(tiny("llama"), tmp_path, (1.0, 1.0, 1.0), {}, {}, {})]  # fmt: skip
    write_trained(start, Trained())
    made = {method: compose(parents[:2], Composition(method), tmp_path / method) for method in ("cat", "svd", "ties")}
    for method in ("cat", "svd"):
        assert made[method].data["composed"]["starts"] == {label: 1.0}
        both = (Parent(tmp_path / method, made[method], 0.5), replace(parents[2], weight=0.5))
        assert with_start_once(both) == both
    assert made["ties"].data["composed"]["starts"] == {label: None}
    with pytest.raises(BadInput, match=rf"How much of {label} is left .* cat or svd"):
        with_start_once((Parent(tmp_path / "ties", made["ties"], 0.5), parents[2]))


def test_what_does_not_go_together_is_refused_in_a_sentence(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    first, second = parents_of(tiny("llama"), tmp_path / "a", (), {}, {"lora_alpha": 9})
    other = make_adapter(tiny("gemma3_text"), tmp_path / "other", 1)
    odd = make_adapter(tiny("llama"), tmp_path / "odd", 1, use_dora=True)
    names = [str(first.folder), str(second.folder)]
    for faulty, weights, error, words in (
        (names[:1], (), BadInput, "two adapters or more"),
        (names, (1.0,), BadInput, "2 adapters need as many weights, not 1"),
        (names, (0.0, 0.0), BadInput, "All weights are 0"),
        (names, (float("nan"), 1.0), BadInput, r"numbers such as 0\.7, not nan, 1\.0"),
        (names, (1.0, float("-inf")), BadInput, "not 1.0, -inf"),
        ([names[0], str(other)], (), BadAdapter, "take one base"),
        ([names[0], str(odd)], (), BadAdapter, "more than plain LoRA"),
    ):
        with pytest.raises(error, match=words):
            read_parents(faulty, weights)
    manifest.write(second.folder, replace(second.manifest, form="psm"))
    with pytest.raises(BadAdapter, match="trained in the form"):
        read_parents(names, ())
    with pytest.raises(BadInput, match="numbers with commas"):
        parse_weights("0.5;0.5")
    for composition, words in (
        (Composition("tie"), 'no way "tie" to compose.*ties'),
        (Composition("cat", rank=4), "ends in svd"),
        (Composition("ties", density=0.0), "density must be"),
        (Composition("dare_ties", seed=-1), "seed must be from 0 to 4294967295, not -1"),
    ):
        with pytest.raises(BadInput, match=words):
            composition.check((first, second))
    (tmp_path / "there").mkdir()
    with pytest.raises(BadFile, match="exists already"):
        compose((first, second), Composition(), tmp_path / "there")


def test_unequal_ranks_are_refused_where_factors_are_added(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    parents = parents_of(tiny("llama"), tmp_path, (), {}, {})
    config = parents[1].folder / "adapter_config.json"
    config.write_text(config.read_text().replace('"r": 4', '"r": 8'))
    with pytest.raises(BadInput, match=r"one rank, not \[4, 8\]; use cat or svd"):
        Composition("linear").check(parents)
