"""The pace of a machine: each part takes some time, and a deeper base takes more of it."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import torch

from finetab_training.train.pace import pace_of
from finetab_training.train.random_base import base_shape


@pytest.mark.parametrize("family", ["gpt_neox", "llama", "gemma3_text"])
def test_each_part_takes_its_time(family: str, tiny: Callable[[str], Path]) -> None:
    shape = base_shape(str(tiny(family)))
    pace = pace_of(shape, torch.device("cpu"), torch.float32)
    assert min(pace.training, pace.reading, pace.writing) > 0
    deep = deepcopy(shape)
    deep.num_hidden_layers = 3000
    if getattr(deep, "layer_types", None):
        deep.layer_types = deep.layer_types * 1000
    assert pace_of(deep, torch.device("cpu"), torch.float32).training > pace.training
