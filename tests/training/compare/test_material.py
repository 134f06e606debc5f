"""What is trained on, chosen by and measured with: different text, cut once."""

from typing import Any

import pytest

from finetab.errors import BadFile
from finetab_training.compare.config import make_comparison
from finetab_training.compare.material import is_made, make_material, read_material
from finetab_training.data.corpus import Recipe
from finetab_training.data.dataset import read_dataset, read_validation, write_dataset
from finetab_training.data.trained import trained_on


def test_no_file_is_trained_on_chosen_by_or_measured_with_twice(entries: dict[str, Any]) -> None:
    comparison = make_comparison(entries)
    assert not is_made(comparison)
    make_material(comparison)
    assert is_made(comparison)
    material = read_material(comparison)
    training, validation = read_dataset(material.data)[0], read_validation(material.data) or ()
    places = [{file.place for file in training}, {file.place for file in validation}]
    places.append({hole.path for hole in material.holes})
    assert all(places)
    assert len(set().union(*places)) == sum(map(len, places))
    assert len(material.holes) == 2
    assert len(material.general) == 1
    assert material.facts["training_files"] + material.facts["validation_files"] + material.facts["measured_files"] == 6
    seen = trained_on([*training, *validation])
    assert not any(seen.has_text(hole.whole_lines) for hole in (*material.holes, *material.general))


def test_a_dataset_that_is_named_keeps_its_training_side(entries: dict[str, Any]) -> None:
    entries["train"]["data"] = f"{entries['out']}-data"
    comparison = make_comparison(entries)
    source = comparison.out.parent / "project"
    dataset = comparison.out.parent / "out-data"
    write_dataset(Recipe((str(source),), cut="none", held_out_share=0.5, seed=3), dataset, lambda _tally: None)
    make_material(comparison)
    before, after = read_dataset(dataset)[0], read_dataset(read_material(comparison).data)[0]
    assert [file.path for file in after] == [file.path for file in before]


def test_too_little_to_measure_with_is_told(entries: dict[str, Any]) -> None:
    entries["train"]["held_out_share"] = 0.0
    comparison = make_comparison(entries)
    with pytest.raises(BadFile, match="0 files are kept back, and two are needed"):
        make_material(comparison)
    assert not is_made(comparison)
