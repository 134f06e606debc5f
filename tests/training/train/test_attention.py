"""Varlen attention is taken exactly where it can be had. (No test machine has it: that it trains is seen on a GPU.)"""

from types import SimpleNamespace

import pytest
import torch
from tests.conftest import random_model

from finetab_training.train import attention
from finetab_training.train.attention import VARLEN, use_varlen


class Switch:
    """A model that notes its attention, on a device that may not be there."""

    def __init__(self, device: str, knows_it: bool) -> None:
        self.device = SimpleNamespace(type=device)
        self.knows_it = knows_it
        self.taken = "sdpa"

    def set_attn_implementation(self, name: str) -> None:
        if not self.knows_it:
            raise ValueError("this family has no such attention")
        self.taken = name


@pytest.mark.parametrize(
    ("installed", "device", "dtype", "knows_it", "taken"),
    [
        (True, "cuda", torch.bfloat16, True, VARLEN),
        (True, "cuda", torch.bfloat16, False, "sdpa"),
        (True, "cuda", torch.float32, True, "sdpa"),
        (True, "cpu", torch.bfloat16, True, "sdpa"),
        (False, "cuda", torch.bfloat16, True, "sdpa"),
    ],
)
def test_it_is_taken_where_it_can_be_had(
    installed: bool, device: str, dtype: torch.dtype, knows_it: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "is_flash_attn_2_available", lambda: installed)
    model = Switch(device, knows_it)
    assert use_varlen(model, dtype) is (taken == VARLEN)
    assert model.taken == taken


def test_a_real_model_on_this_machine_keeps_its_attention() -> None:
    model = random_model("gpt_neox")
    before = model.config._attn_implementation
    assert use_varlen(model, torch.float32) is False
    assert model.config._attn_implementation == before
