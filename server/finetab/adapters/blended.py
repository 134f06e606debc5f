"""Adapters put together as they are loaded: their sum is made once and kept, as long as it is in use."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from finetab.adapters.parents import Parent, read_parents
from finetab.adapters.start import held_starts, with_start_once
from finetab.adapters.sum import write_sum
from finetab.core import manifest
from finetab.core.atomic import new_folder
from finetab.core.bases import cache_folder
from finetab.core.blend import called, parse_blend
from finetab.core.manifest import Budgets, Manifest

_MOST = 8  # kept, some tens of MB each


def blended(text: str) -> Path:
    """The folder of the adapter that a blend names. Raises `FinetabError` where one is missing or they do not fit."""
    terms = parse_blend(text)
    parents = with_start_once(read_parents([term.name for term in terms], [term.weight for term in terms]))
    places = [str(parent.folder.resolve()) for parent in parents]
    told = [{**share, "folder": place} for share, place in zip(shares(parents), places, strict=True)]
    composed = {"method": "cat", "parents": told, "starts": held_starts(parents)}
    name = called(text)
    version = sha256(json.dumps([name, composed]).encode()).hexdigest()[:12]
    folder = cache_folder().parent / "blends" / version
    if not (folder / manifest.FILE_NAME).is_file():
        with new_folder(folder) as building:
            made = descended(parents, name=name, rank=write_sum(parents, building), data={"composed": composed})
            manifest.write(building, replace(made, version=version))
    os.utime(folder)
    _forget(folder.parent)
    return folder


def shares(parents: Sequence[Parent]) -> list[dict[str, Any]]:
    """Who the parents are, and their weights, as a manifest tells it."""
    return [{"adapter": parent.manifest.label, "weight": parent.weight} for parent in parents]


def descended(parents: Sequence[Parent], *, name: str, rank: int, data: dict[str, Any]) -> Manifest:
    """The manifest of what adapters make together: the first one's, with what is different; its version is its own."""
    manifests = [parent.manifest for parent in parents]
    budgets = [each.budgets for each in manifests]
    return replace(
        manifests[0],
        name=name,
        version="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        method="lora",
        options={"r": rank, "alpha": rank, "dropout": 0.0},
        teaches_empty=any(each.teaches_empty for each in manifests),
        budgets=Budgets(*(max(getattr(each, part) for each in budgets) for part in ("prefix", "suffix", "context"))),
        data=data,
        evaluation=None,
    )


def _forget(folder: Path) -> None:
    """Leave only those that were asked for last."""
    by_use = sorted(folder.glob("[!.]*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_use[_MOST:]:
        shutil.rmtree(path, ignore_errors=True)
