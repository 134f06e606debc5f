"""The control of suffixes: everything stays where it was but the suffixes, which go one sample on."""

from pathlib import Path
from random import Random

import pytest
from tests.training.data.test_fim_samples import BUDGETS, FIM, TOKENIZER
from tests.training.data.test_packing import split_row

from finetab.core.fim import Form
from finetab_training.data.control import exchange_suffixes
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.fim_samples import IGNORED, SampleMaker, SampleMix
from finetab_training.data.packing import Row, pack


def rows_of(project: Path, form: Form) -> list[Row]:
    files = read_corpus(Recipe((str(project),))).training
    maker = SampleMaker(TOKENIZER, FIM, BUDGETS, SampleMix(form=form, left_to_right_share=0.0))
    samples = [sample for epoch in range(9) for file in files for sample in maker.samples(file, 0, epoch)]
    return pack(samples[:24], 700, Random(0))


@pytest.mark.parametrize("form", ["spm", "psm"])
def test_each_sample_has_the_next_ones_suffix_and_all_else_is_its_own(form: Form, project: Path) -> None:
    rows = rows_of(project, form)
    changed = exchange_suffixes(rows, FIM)
    assert len(changed) == len(rows) > 4
    before = [FIM.unprompt(ids, form) for row in rows for ids in split_row(row)]
    after = [FIM.unprompt(ids, form) for row in changed for ids in split_row(row)]
    assert [parts.suffix for parts in after] == [parts.suffix for parts in before[1:] + before[:1]]
    assert [parts.prefix for parts in after] == [parts.prefix for parts in before]
    assert sum(one != other for one, other in zip(before, after, strict=True)) > len(before) // 2


def test_what_counts_is_what_counted(project: Path) -> None:
    rows = rows_of(project, "spm")
    for row, other in zip(rows, exchange_suffixes(rows, FIM), strict=True):
        counted = [label for label in row.labels if label != IGNORED]
        assert [label for label in other.labels if label != IGNORED] == counted
        for changed in (row, other):
            assert len(changed.ids) == len(changed.labels) == len(changed.positions)
            places = zip(changed.ids, changed.labels, strict=True)
            assert [index for index, label in places if label != IGNORED] == counted
