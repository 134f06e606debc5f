"""Manifests: written and read back, and refused in a sentence when they do not fit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finetab.core import manifest
from finetab.core.fim import FimFormat
from finetab.core.manifest import Budgets, Manifest
from finetab.errors import BadAdapter

FIM = FimFormat("gemma3", 6, 7, 8, 1, 2, ())
MANIFEST = Manifest(
    name="mine", version="0123456789ab", created="2026-01-01T00:00:00+00:00", base_name="gemma3-270m",
    base_fingerprint="b" * 64, tokenizer_fingerprint="t" * 64, method="qlora", options={"r": 16}, quantisation="nf4",
    compute_dtype="float32", fim_family="gemma3", sentinel_ids=(6, 7, 8), end_id=1, form="spm", serve_form="spm",
    teaches_empty=False, budgets=Budgets(192, 64), data={"files": 3}, seed=0, libraries={"torch": "2"},
)  # fmt: skip


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    manifest.write(tmp_path, MANIFEST)
    assert manifest.read(tmp_path) == MANIFEST


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw.pop("budgets"), "has no budgets"),
        (lambda raw: raw.update(extra=1), "has unknown extra"),
        (lambda raw: raw.update(schema=2), "has schema 2"),
        (lambda raw: raw.update(serve_form="mps"), "asks for the form 'mps'"),
        (lambda raw: raw.update(sentinel_ids=[1]), "is damaged"),
        (lambda raw: raw.update(budgets={"prefix": 1, "infix": 2}), "is damaged"),
    ],
)
def test_a_damaged_manifest_is_refused(change: Any, words: str, tmp_path: Path) -> None:
    manifest.write(tmp_path, MANIFEST)
    path = tmp_path / manifest.FILE_NAME
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))
    with pytest.raises(BadAdapter, match=words):
        manifest.read(tmp_path)


def test_half_a_manifest_and_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAdapter, match="is no adapter"):
        manifest.read(tmp_path)
    (tmp_path / manifest.FILE_NAME).write_text('{"schema": 1, "na')
    with pytest.raises(BadAdapter, match="cannot be read"):
        manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (replace(MANIFEST, base_fingerprint="c" * 64), "was trained on gemma3-270m"),
        (replace(MANIFEST, tokenizer_fingerprint="u" * 64), "another tokenizer"),
        (replace(MANIFEST, sentinel_ids=(9, 7, 8)), "sentinels"),
    ],
)
def test_an_adapter_of_something_else_is_refused(made: Manifest, words: str) -> None:
    manifest.check_fits(MANIFEST, "gemma3-270m", "b" * 64, "t" * 64, FIM)
    with pytest.raises(BadAdapter, match=words):
        manifest.check_fits(made, "gemma3-270m", "b" * 64, "t" * 64, FIM)


def test_an_evaluation_leaves_what_a_tune_has_decided() -> None:
    tuned = replace(MANIFEST, evaluation={"decision": {"passes": True}, "arms": {"one": 1}})
    measured = manifest.with_evaluation(tuned, {"arms": {"two": 2}}, "prefix")
    assert measured.evaluation == {"decision": {"passes": True}, "arms": {"two": 2}}
    assert measured.serve_form == "prefix"
