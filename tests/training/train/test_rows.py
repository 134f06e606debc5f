"""The rows of a run: as many as its steps need, each sample within its row, the same for the same seed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.train.test_run import config_for

from finetab.core.languages import LANGUAGES
from finetab.core.models import load_base
from finetab.errors import BadFile
from finetab_training.config import make_config
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.source_file import SourceFile
from finetab_training.train import rows as rows_module
from finetab_training.train.rows import StoredRows, write_rows


def test_the_rows_of_a_run_are_as_many_as_its_steps_need(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = load_base(str(tiny("llama")))
    files = read_corpus(Recipe((str(project),))).training
    config = config_for(project, tiny("llama"), tmp_path / "a", max_steps=30, rows_per_step=2)
    facts = write_rows(tmp_path / "one.arrow", files, base, config)
    rows = StoredRows(tmp_path / "one.arrow")
    assert len(rows) == facts.rows == 60
    assert facts.fill_share > 0.9
    assert sum(rows.lengths) == facts.tokens
    assert write_rows(tmp_path / "two.arrow", files, base, config) == facts
    assert [len(StoredRows(tmp_path / "one.arrow", a_step)) for a_step in (7, 60, 61)] == [56, 60, 60]
    again = StoredRows(tmp_path / "two.arrow")
    assert all(rows[index]["input_ids"].equal(again[index]["input_ids"]) for index in range(60))


def test_many_files_are_packed_window_by_window_and_all_are_used(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(tiny("llama")))
    files = read_corpus(Recipe((str(project),))).training
    config = config_for(project, tiny("llama"), tmp_path / "a", max_steps=0)
    whole = write_rows(tmp_path / "whole.arrow", files, base, config)
    monkeypatch.setattr(rows_module, "_WINDOW", 2)
    windows = write_rows(tmp_path / "windows.arrow", files, base, config)
    assert (windows.samples, windows.tokens) == (whole.samples, whole.tokens)
    assert windows.rows >= whole.rows


def test_a_left_to_right_sample_fits_its_row(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    config = make_config({
        "row_tokens": 110, "prefix_tokens": 60, "suffix_tokens": 20, "max_middle_tokens": 20,
        "left_to_right_share": 1.0, "max_steps": 3, "rows_per_step": 1, "epochs": 50,
    })  # fmt: skip
    files = read_corpus(Recipe((str(project),))).training
    facts = write_rows(tmp_path / "rows.arrow", files, load_base(str(tiny("llama"))), config)
    rows = StoredRows(tmp_path / "rows.arrow")
    assert len(rows) == 3
    assert max(rows.lengths) <= 110
    assert sum(facts.samples.values()) < 40  # the steps are met: no further epoch is drawn


def test_most_samples_have_code_of_other_files_before_them_where_it_is_asked_for(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = load_base(str(tiny("llama")))
    corpus = read_corpus(Recipe((str(project),)))
    more = {"row_tokens": 700, "left_to_right_share": 0.0, "context_tokens": 300}
    config = config_for(project, tiny("llama"), tmp_path / "a", **more)

    def shares(path: Path) -> float:
        ids = [index for row in StoredRows(path).batches() for index in row["input_ids"][0].tolist()]
        text = base.tokenizer.decode(ids)
        return text.count(f"# {project.name}/shapes_") / ids.count(base.fim.middle_id)

    write_rows(tmp_path / "rows.arrow", corpus.training, base, config)
    assert 0.5 < shares(tmp_path / "rows.arrow") < 2.0
    write_rows(tmp_path / "held.arrow", corpus.test, base, config, corpus.training)
    assert shares(tmp_path / "held.arrow") > 0.5
    dataset = [replace(file, source="hub:some/code") for file in corpus.training]
    write_rows(tmp_path / "hub.arrow", dataset, base, config)
    assert shares(tmp_path / "hub.arrow") == 0, "files of a dataset are of many projects"


def test_files_that_give_nothing_are_told(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    short = SourceFile("a.py", LANGUAGES[0], "x\n")
    config = make_config({"left_to_right_share": 0.0, "max_steps": 3, "data": "here"})
    with pytest.raises(BadFile, match="Nothing could be cut from the 1 files of here"):
        write_rows(tmp_path / "rows.arrow", [short], load_base(str(tiny("llama"))), config)
