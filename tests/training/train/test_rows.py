"""The rows of a run: as many as its steps need, each sample within its row, the same for the same seed."""

from collections.abc import Callable
from pathlib import Path

from tests.training.train.test_run import config_for

from finetab.core.models import load_base
from finetab_training.config import make_config
from finetab_training.data.corpus import read_corpus
from finetab_training.train.rows import make_rows


def test_the_rows_of_a_run_are_as_many_as_its_steps_need(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = load_base(str(tiny("llama")))
    files = read_corpus(project).files
    config = config_for(project, tiny("llama"), tmp_path / "a", max_steps=30, rows_per_step=2)
    rows = make_rows(files, base, config)
    assert len(rows.rows) == 60
    assert rows.fill_share > 0.9
    assert rows == make_rows(files, base, config)


def test_a_left_to_right_sample_fits_its_row(project: Path, tiny: Callable[[str], Path]) -> None:
    config = make_config({
        "row_tokens": 110, "prefix_tokens": 60, "suffix_tokens": 20, "max_middle_tokens": 20,
        "left_to_right_share": 1.0, "max_steps": 3, "rows_per_step": 1, "epochs": 50,
    })  # fmt: skip
    rows = make_rows(read_corpus(project).files, load_base(str(tiny("llama"))), config)
    assert len(rows.rows) == 3
    assert max(len(row.ids) for row in rows.rows) <= 110
    assert sum(rows.num_samples.values()) < 40  # the steps are met: no further epoch is drawn
