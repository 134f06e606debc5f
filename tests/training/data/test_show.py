"""Samples as text: the parts in the order of the file, whatever the loss counts of them."""

from pathlib import Path

import pytest
from tests.training.data.test_fim_samples import FIM, TOKENIZER, maker

from finetab.core.fim import Form
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.fim_samples import Sample
from finetab_training.data.show import text_of


@pytest.mark.parametrize("form", ["spm", "psm"])
def test_parts_are_found_though_some_of_the_prefix_counts(form: Form, project: Path) -> None:
    files = read_corpus(Recipe((str(project),))).training

    def made(share: float) -> list[Sample]:
        mixed = maker(form=form, left_to_right_share=0.0, prefix_share=share, kinds={"line": 1.0})
        # The first of each: from then on their draws differ.
        return [next(mixed.samples(file, 0, epoch)) for epoch in range(6) for file in files]

    for plain, counting in zip(made(0.0), made(0.3), strict=True):
        assert plain.ids == counting.ids
        one, other = (text_of(each.ids, each.labels, TOKENIZER, FIM) for each in (plain, counting))
        assert other.suffix == one.suffix
        assert other.prefix + other.middle == one.prefix + one.middle
        assert other.middle.endswith(one.middle)
        assert len(one.prefix) - len(other.prefix) < 8  # a run of drawn tokens at its end
        assert any(one.middle + one.suffix[:20] in file.text for file in files)
