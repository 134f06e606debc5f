"""Packing: nothing cut, nothing lost, rows full, and samples of a row that do not see each other."""

from itertools import pairwise
from random import Random

import pytest
import torch
from tests.conftest import FAMILIES, random_model

from finetab.errors import BadSetting
from finetab_training.data.fim_samples import IGNORED, Sample
from finetab_training.data.packing import Row, pack
from finetab_training.train.loss import row_loss


def samples_of(seed: int, count: int, longest: int = 60) -> list[Sample]:
    generator = Random(seed)
    made = []
    for _ in range(count):
        ids = tuple(generator.randrange(1, 250) for _ in range(generator.randint(4, longest)))
        made.append(Sample(ids, (*[IGNORED] * (len(ids) // 2), *ids[len(ids) // 2 :]), "line"))
    return made


def split_row(row: Row) -> list[tuple[int, ...]]:
    starts = [index for index, position in enumerate(row.positions) if position == 0] + [len(row.ids)]
    return [row.ids[start:end] for start, end in pairwise(starts)]


@pytest.mark.parametrize("seed", range(5))
def test_every_sample_is_in_one_row_whole(seed: int) -> None:
    samples = samples_of(seed, 200)
    rows = pack(samples, 128, Random(seed))
    packed = [ids for row in rows for ids in split_row(row)]
    assert sorted(packed) == sorted(sample.ids for sample in samples)
    assert all(len(row.ids) <= 128 for row in rows)
    assert sum(len(row.ids) for row in rows) > 0.95 * 128 * len(rows)


def test_the_first_token_of_a_sample_is_not_counted() -> None:
    rows = pack([Sample((1, 2), (1, 2), "left-to-right")] * 3, 6, Random(0))
    assert rows == [Row((1, 2) * 3, (IGNORED, 2) * 3, (0, 1) * 3)]


def test_the_same_generator_gives_the_same_rows() -> None:
    samples = samples_of(1, 80)
    assert pack(samples, 128, Random("x")) == pack(samples, 128, Random("x"))
    assert pack(samples, 128, Random("x")) != pack(samples, 128, Random("y"))


def test_a_sample_longer_than_a_row_is_refused() -> None:
    with pytest.raises(BadSetting, match="A sample has 20 tokens, a row 16"):
        pack([Sample((1,) * 20, (1,) * 20, "line")], 16, Random(0))


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_samples_do_not_see_each_other(family: str, implementation: str) -> None:
    model = random_model(family)
    model.set_attn_implementation(implementation)
    samples = samples_of(7, 6, longest=70)  # some longer than Gemma's window of 32
    (row,) = pack(samples, 500, Random(0))
    with torch.no_grad():
        packed = row_loss(model, *tensors(row))
        alone = sum(row_loss(model, *tensors(pack([sample], 500, Random(0))[0])) for sample in samples)
    assert packed.item() == pytest.approx(float(alone), rel=1e-5)
    # The same row as one long text, where they do see each other, is told apart by this very check.
    with torch.no_grad():
        leaking = row_loss(model, *tensors(Row(row.ids, row.labels, tuple(range(len(row.ids))))))
    assert leaking.item() != pytest.approx(float(alone), rel=1e-3)


def tensors(row: Row) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.tensor([row.ids]), torch.tensor([row.labels]), torch.tensor([row.positions])
