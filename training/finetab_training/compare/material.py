"""What a comparison trains on, chooses by and measures with: three kinds of files, none of which is of two kinds.

OUT/material/data/            a dataset: files to train on, and those to choose learning rates and checkpoints by
OUT/material/holes.jsonl      holes in files that neither training nor the validation rows see
OUT/material/general.jsonl    holes in code of other projects, to tell what was unlearned
OUT/material/facts.json       how many of each, and a fingerprint of the base's weights
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetab.core.atomic import new_folder
from finetab.core.weights import base_folder, fingerprint
from finetab.errors import BadFile
from finetab_training.compare.config import Comparison
from finetab_training.data.corpus import Recipe
from finetab_training.data.dataset import VALIDATION, is_dataset, read_dataset, write_dataset, write_sides
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.source_file import SourceFile
from finetab_training.data.split import split_again
from finetab_training.data.trained import trained_on
from finetab_training.evaluate.general import drawn_general_holes
from finetab_training.evaluate.holes import NEIGHBOURS, WRITTEN, cut_holes, unseen

_FACTS = "facts.json"
_BASE = "base_fingerprint"


@dataclass(frozen=True, slots=True)
class Material:
    """Where it is, what is measured with, and how much there is."""

    data: Path
    holes: tuple[Hole, ...]
    general: tuple[Hole, ...]
    facts: dict[str, Any]


def is_made(comparison: Comparison) -> bool:
    """Whether the comparison has its material."""
    return (_folder(comparison) / _FACTS).is_file()


def read_material(comparison: Comparison) -> Material:
    """The material that was made."""
    folder = _folder(comparison)
    holes, general = read_holes(folder / "holes.jsonl"), read_holes(folder / "general.jsonl")
    return Material(folder / "data", holes, general, _facts(comparison))


def is_of_base(comparison: Comparison) -> bool:
    """Whether the base has the weights that the material was made for; taken for granted where that was not noted."""
    told = _facts(comparison).get(_BASE)
    return told is None or told == fingerprint(base_folder(comparison.train.base))


def make_material(comparison: Comparison) -> None:
    """Split the files and cut the holes, once. Raises `BadFile` where there is too little of them."""
    config = comparison.train
    comparison.out.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=comparison.out, ignore_cleanup_errors=True) as scratch,
        new_folder(_folder(comparison)) as building,
    ):
        training, kept_back, report = read_dataset(_dataset(comparison, Path(scratch) / "corpus"))
        validation, measured = _halves(kept_back, config.seed, config.data)
        seen = trained_on(chain(training, validation)).with_texts(chain(training, validation))
        neighbours = tuple(file.document() for file in training[:NEIGHBOURS]) if config.context_tokens else ()
        cut = cut_holes(measured, comparison.holes, config.seed, seen, neighbours, WRITTEN)
        if not cut.holes:
            raise BadFile(
                f"No hole can be cut from the {len(measured)} files of {config.data} that are kept back: they hold no "
                "line that is not trained on. Keep back more of them with a higher held_out_share in [train]."
            )
        general = unseen((hole for hole in drawn_general_holes() if hole.middle), comparison.general_holes, seen).holes
        (building / "data").mkdir()
        write_sides(building / "data", {"train": training, "test": (), VALIDATION: validation}, report)
        write_holes(building / "holes.jsonl", cut.holes)
        write_holes(building / "general.jsonl", general)
        facts = {
            "split": report["split"]["by"], "training_files": len(training), "validation_files": len(validation),
            "measured_files": len(measured), "holes": len(cut.holes), "holes_dropped": cut.num_seen,
            "general_holes": len(general), _BASE: fingerprint(base_folder(config.base)),
        }  # fmt: skip
        (building / _FACTS).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


def _facts(comparison: Comparison) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((_folder(comparison) / _FACTS).read_text("utf-8"))
    return facts


def _folder(comparison: Comparison) -> Path:
    return comparison.out / "material"


def _dataset(comparison: Comparison, folder: Path) -> Path:
    """The dataset that is named, or one of the source that is named, in `folder`."""
    config = comparison.train
    if is_dataset(Path(config.data)):
        return Path(config.data)
    recipe = Recipe((config.data,), cut=config.cut, held_out_share=config.held_out_share, seed=config.seed)
    write_dataset(recipe, folder, lambda _tally: None)
    return folder


def _halves(files: Sequence[SourceFile], seed: int, data: str) -> tuple[list[SourceFile], list[SourceFile]]:
    """The files to choose by and those to measure with."""
    measured, validation = split_again(files, 0.5, seed)
    if not (validation and measured):
        raise BadFile(
            f"Of {data}, {len(files)} files are kept back, and two are needed: one to choose learning rates by, one to "
            "measure with. Name more code, or a higher held_out_share in [train]."
        )
    return validation, measured
