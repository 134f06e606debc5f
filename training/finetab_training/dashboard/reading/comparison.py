"""A comparison of techniques, from the `report.json` of `finetab compare`; the only place that knows its shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetab.errors import BadFile

_CONFIG, _REPORT = "comparison.json", "report.json"
_QUALITY, _EXACT = "edit_similarity", "exact_match"
COSTS = {"peak_memory_gb": "peak memory, GB", "seconds": "time of training, s"}
"""What quality is set against."""


@dataclass(frozen=True, slots=True)
class Share:
    """A mean with its 95% interval, in shares of one."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """What a technique came to; costs are medians over seeds."""

    name: str
    quality: Share
    """Similarity to what a person wrote."""
    exact: Share
    forgotten: Share
    """How its similarity on the general holes differs from the base's: below zero is lost."""
    costs: Mapping[str, float]
    """By the keys of `COSTS`."""
    held_out_loss: float | None
    learning_rate: float
    parameters: int
    """Trained ones."""
    adapter_mb: float
    tokens_per_second: float
    swap_seconds: float


@dataclass(frozen=True, slots=True)
class ComparisonSeen:
    """One comparison."""

    folder: Path
    rows: tuple[Row, ...]
    base: Share
    """The similarity of the base alone."""
    num_holes: int
    num_seeds: int
    fronts: Mapping[str, tuple[str, ...]]
    """By the keys of `COSTS`, the techniques that no other one beats in both quality and cost."""
    failed: Mapping[str, str]
    """Why a technique has no figures."""


def find_comparisons(root: Path) -> list[Path]:
    """The folders of comparisons at most two levels below a folder, the latest first; they may have no report yet."""
    found = {path.parent for pattern in ("", "*/", "*/*/") for path in root.glob(f"{pattern}{_CONFIG}")}
    return sorted(found, key=lambda folder: -folder.stat().st_mtime)


def has_report(folder: Path) -> bool:
    """Whether a comparison has come to its end."""
    return (folder / _REPORT).is_file()


def read_comparison(folder: Path) -> ComparisonSeen:
    """A comparison that has a report. Raises `BadFile` where it cannot be read."""
    path = folder / _REPORT
    try:
        told = json.loads(path.read_text("utf-8"))
        rows = tuple(_row(name, row) for name, row in told["techniques"].items())
        base = told["base"]["holes"][_QUALITY]
        fronts = {cost: tuple(told["fronts"][cost]) for cost in COSTS}
        num_seeds = len(told["config"]["seeds"])
        return ComparisonSeen(folder, rows, _share(base), int(base["n"]), num_seeds, fronts, dict(told["failed"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(f"{path} is no report that this finetab can read ({error!r}); compare again.") from error


def _row(name: str, row: Mapping[str, Any]) -> Row:
    loss = row["held_out_loss"]["mean"]
    return Row(
        name=name,
        quality=_share(row[_QUALITY]),
        exact=_share(row[_EXACT]),
        forgotten=_share(row["general_against_base"][_QUALITY]),
        costs={cost: float(row[cost]["median"]) for cost in COSTS},
        held_out_loss=None if loss is None else float(loss),
        learning_rate=float(row["learning_rate"]),
        parameters=int(row["parameters"]),
        adapter_mb=float(row["adapter_mb"]["median"]),
        tokens_per_second=float(row["tokens_per_second"]["median"]),
        swap_seconds=float(row["swap_seconds"]["median"]),
    )


def _share(found: Mapping[str, float]) -> Share:
    return Share(float(found["mean"]), float(found["low"]), float(found["high"]))
