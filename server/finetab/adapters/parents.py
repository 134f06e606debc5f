"""The adapters that another one is to be made of: read, and checked to go together, before anything slow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetab.adapters.beside import is_plain
from finetab.adapters.config import read_config
from finetab.adapters.library import read_named
from finetab.core.manifest import Manifest
from finetab.errors import BadAdapter, BadInput


@dataclass(frozen=True, slots=True)
class Parent:
    """An adapter with its weight in the sum."""

    folder: Path
    manifest: Manifest
    weight: float

    @property
    def rank(self) -> int:
        """Of its additions."""
        return int(self.config["r"])

    @property
    def config(self) -> dict[str, Any]:
        """PEFT's own."""
        return read_config(self.folder)


def parse_weights(text: str) -> list[float]:
    """Weights as a command line has them, `0.7,0.3`; none of an empty text. Raises `BadInput`."""
    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError as error:
        raise BadInput(f"--weights are numbers with commas between them, such as 0.7,0.3, not {text!r}.") from error


def read_parents(names: Sequence[str], weights: Sequence[float]) -> tuple[Parent, ...]:
    """The adapters by name or folder; without weights each has the same share of one.

    Raises `BadInput` or `BadAdapter`, with what does not go together.
    """
    if len(names) < 2:
        raise BadInput("A composition needs two adapters or more.")
    if weights and len(weights) != len(names):
        raise BadInput(f"{len(names)} adapters need as many weights, not {len(weights)}.")
    shares = weights or [1 / len(names)] * len(names)
    if not all(map(math.isfinite, shares)):
        raise BadInput(f"Weights are numbers such as 0.7, not {', '.join(map(str, shares))}.")
    if not any(shares):
        raise BadInput("All weights are 0, which leaves nothing; give one of them more.")
    parents = tuple(Parent(*read_named(name), weight) for name, weight in zip(names, shares, strict=True))
    for parent in parents:
        _check(parent, parents[0])
    return parents


def _check(parent: Parent, first: Parent) -> None:
    one, other = parent.manifest, first.manifest
    if not is_plain(parent.folder) or any(parent.config.get(name) for name in ("rank_pattern", "alpha_pattern")):
        raise BadAdapter(f"{one.label} ({one.method}) is more than plain LoRA, which is all that can be composed.")
    if one.base_fingerprint != other.base_fingerprint:
        raise BadAdapter(f"{one.label} is for {one.base_name}, {other.label} for {other.base_name}; take one base.")
    if (one.sentinel_ids, one.end_id) != (other.sentinel_ids, other.end_id):
        raise BadAdapter(f"{one.label} and {other.label} were trained with other sentinels; train one of them again.")
    if one.form != other.form:
        raise BadAdapter(
            f"{one.label} was trained in the form {one.form}, {other.label} in {other.form}; take one form."
        )
