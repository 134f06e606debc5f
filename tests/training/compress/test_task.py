"""An encoder that tells classes apart is compressed on the same path as a causal model."""

from copy import deepcopy
from random import Random
from statistics import mean

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, PreTrainedModel

from finetab_training.compress.calibration import linear_layers
from finetab_training.compress.distilling import distil
from finetab_training.compress.factoring import Text, factor, num_numbers
from finetab_training.compress.task import CLASS, Labelled, accuracies
from finetab_training.compress.task import losses as losses_of

_WORDS, _CLASSES, _LENGTH = 60, 6, 16


def texts(count: int, seed: int) -> list[Labelled]:
    """The class of a text is which of some words stands in it."""
    generator = Random(seed)
    made = []
    for number in range(count):
        ids = [generator.randrange(10, _WORDS) for _ in range(_LENGTH)]
        ids[generator.randrange(1, _LENGTH)] = 3 + number % _CLASSES
        made.append(Labelled(torch.tensor([ids]), number % _CLASSES))
    return made


@pytest.fixture(scope="module")
def taught() -> PreTrainedModel:
    """A small encoder that has learned it."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=_WORDS, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=_LENGTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    config.num_labels = _CLASSES
    model = BertForSequenceClassification(config)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    rows = texts(1200, seed=1)
    for at in range(0, len(rows), 24):
        batch = rows[at : at + 24]
        ids, labels = torch.cat([row.ids for row in batch]), torch.tensor([row.label for row in batch])
        optimiser.zero_grad()
        model(input_ids=ids, labels=labels).loss.backward()
        optimiser.step()
    model.eval()
    return model


def mean_loss(model: PreTrainedModel, rows: list[Labelled]) -> float:
    return mean(losses_of(model, rows, CLASS))


def share(model: PreTrainedModel, rows: list[Labelled]) -> float:
    right = accuracies(model, rows, CLASS)
    assert len(right) == len(rows)
    return sum(right) / len(right)


def test_an_encoder_keeps_its_classes_in_fewer_numbers(taught: PreTrainedModel) -> None:
    seen, unseen = texts(60, seed=2), texts(120, seed=3)
    assert share(taught, unseen) > 0.95
    small, plain = deepcopy(taught), deepcopy(taught)
    ranks = factor(small, 0.4, Text(seen, seen[:12], CLASS), lambda _doing: None)
    factor(plain, 0.4, None, lambda _doing: None)
    assert ranks
    assert num_numbers(small) <= 0.4 * num_numbers(taught)
    assert set(ranks) <= set(linear_layers(taught))
    assert share(small, unseen) > 0.8
    assert mean_loss(small, unseen) < mean_loss(plain, unseen)


def test_an_encoder_that_lost_much_learns_it_again_from_the_original(taught: PreTrainedModel) -> None:
    seen, unseen = texts(60, seed=2), texts(120, seed=3)
    small = deepcopy(taught)
    factor(small, 0.05, Text(seen, seen[:12], CLASS), lambda _doing: None)
    before = mean_loss(small, unseen)
    losses: list[float] = []
    distil(small, taught, seen, 240, losses.append, CLASS)
    assert len(losses) == 240
    assert mean_loss(small, unseen) < 0.85 * before
