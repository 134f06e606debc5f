"""The memory that a config needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from finetab.errors import MissingWeights
from finetab_training.config import make_config
from finetab_training.dashboard.reading.memory import free_gb, memory_need


def test_parts_add_up_and_more_tokens_need_more(tiny: Callable[[str], Path]) -> None:
    base = {"base": str(tiny("llama")), "method": "lora"}
    small, large = (memory_need(make_config(base, {"row_tokens": tokens})) for tokens in (1024, 4096))
    assert small.total == pytest.approx(sum(dict(small.parts).values()))
    assert dict(large.parts)["activations"] > 2 * dict(small.parts)["activations"]
    assert 0 < small.trainable < small.parameters
    assert free_gb(make_config(base)) > 0


def test_a_base_that_is_not_here_is_a_sentence() -> None:
    with pytest.raises(MissingWeights, match="finetab models fetch"):
        memory_need(make_config({"base": "bigcode/starcoder2-3b"}))
