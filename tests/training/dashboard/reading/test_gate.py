"""A tune as it was left: holes before and after, and the decision."""

import json
import shutil
from pathlib import Path

import pytest

from finetab.core import manifest
from finetab_training.dashboard.reading.gate import find_tunes, gains_by_kind, read_tune
from finetab_training.tune.plan import Plan


@pytest.fixture
def copied(tuned: Plan, tmp_path: Path) -> Path:
    """The folder of the tune, to be changed."""
    shutil.copytree(tuned.root / ".finetab", tmp_path / ".finetab")
    return tmp_path


def test_a_folder_without_tunes_has_none(tmp_path: Path) -> None:
    assert find_tunes(tmp_path) == []


def test_holes_stand_beside_what_each_side_answered(tuned: Plan) -> None:
    assert find_tunes(tuned.root) == [tuned.name]
    seen = read_tune(tuned.root, tuned.name)
    assert seen.rivals == ["base-prefix", "base-fim"]
    pairs = seen.pairs("base-fim")
    assert len(pairs) == 4
    assert all(pair.hole.middle == pair.before.middle == pair.after.middle for pair in pairs)
    assert {pair.change for pair in pairs} <= {"better", "worse", "the same"}
    assert seen.decision is not None
    assert [rule.name for rule in seen.decision.rules][-1] == "enough to judge by"
    assert seen.report.is_file()


def test_gains_are_over_all_holes_and_by_kind(tuned: Plan) -> None:
    pairs = read_tune(tuned.root, tuned.name).pairs("base-fim")
    gains = gains_by_kind(pairs)
    assert gains["all"].n == 4
    assert sum(gain.n for name, gain in gains.items() if name != "all") == 4
    mean = sum(pair.after.similarity - pair.before.similarity for pair in pairs) / 4
    assert gains["all"].mean == pytest.approx(mean)


def test_a_tune_that_is_still_measuring_shows_the_holes_that_both_have_answered(copied: Path, tuned: Plan) -> None:
    answers = copied / ".finetab" / "tunes" / tuned.name / "answers" / "adapter.jsonl"
    whole = answers.read_bytes()
    answers.write_bytes(whole[:-20])
    assert len(read_tune(copied, tuned.name).pairs("base-fim")) == 3
    assert answers.read_bytes() == whole[:-20]  # looking changes nothing


def test_without_a_decision_in_the_manifest_there_is_none(copied: Path, tuned: Plan) -> None:
    path = copied / ".finetab" / "adapters" / tuned.name / manifest.FILE_NAME
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(told | {"evaluation": {"arms": {}}}), "utf-8")
    assert read_tune(copied, tuned.name).decision is None
    path.unlink()
    seen = read_tune(copied, tuned.name)
    assert seen.decision is None
    assert set(seen.rivals) == {"base-prefix", "base-fim"}
