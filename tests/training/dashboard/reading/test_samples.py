"""Rows of a run as text."""

from dataclasses import replace
from pathlib import Path

import pytest

from finetab.errors import BadFile
from finetab_training.dashboard.reading.found import find_runs
from finetab_training.dashboard.reading.samples import read_row
from finetab_training.tune.plan import Plan


def test_samples_of_a_row_are_pieces_of_the_files_with_the_middle_in_its_place(tuned: Plan) -> None:
    (run,) = find_runs(tuned.root)[0]
    texts = [path.read_text("utf-8") for path in tuned.root.glob("*.py")]
    rows = [read_row(run, index) for index in range(3)]
    assert {row.num_rows for row in rows} == {3}
    samples = [sample for row in rows for sample in row.samples]
    assert len(samples) > len(rows)
    assert any(sample.prefix and sample.middle and sample.suffix for sample in samples)
    for sample in samples:
        whole = sample.prefix + sample.middle + sample.suffix
        assert any(whole in text for text in texts), whole


def test_beyond_the_last_row_is_the_last_one(tuned: Plan) -> None:
    (run,) = find_runs(tuned.root)[0]
    assert read_row(run, 99) == read_row(run, 2)


def test_a_run_without_rows_says_when_they_come(tuned: Plan, tmp_path: Path) -> None:
    (run,) = find_runs(tuned.root)[0]
    with pytest.raises(BadFile, match="has no rows yet"):
        read_row(replace(run, folder=tmp_path), 0)
