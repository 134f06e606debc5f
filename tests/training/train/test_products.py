"""Products while training: another library, the same numbers, and nothing of it left behind."""

from typing import Any

import pytest
import torch

from finetab_training.train.products import fast_products

ONEDNN: Any = torch.backends.mkldnn


def test_products_are_near_and_what_was_set_before_is_set_again() -> None:
    left, right = torch.randn(64, 96), torch.randn(96, 80)
    before, plain = ONEDNN.matmul.fp32_precision, left @ right
    with fast_products():
        assert ONEDNN.matmul.fp32_precision == "bf16"
        fast = left @ right
    assert ONEDNN.matmul.fp32_precision == before
    assert fast.dtype == torch.float32
    # With AMX the numbers are bfloat16 on the way: eight bits of each.
    torch.testing.assert_close(fast, plain, rtol=2e-2, atol=0.2)


def test_it_ends_with_what_fails_in_it() -> None:
    before = ONEDNN.matmul.fp32_precision
    with pytest.raises(ValueError, match="full"), fast_products():
        raise ValueError("the disk is full")
    assert ONEDNN.matmul.fp32_precision == before
