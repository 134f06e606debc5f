"""Products by another library: the same numbers, and nothing of it left behind."""

from typing import Any

import pytest
import torch

from finetab.core import products
from finetab.core.products import fast_products

ONEDNN: Any = torch.backends.mkldnn


def test_products_are_near_and_what_was_set_before_is_set_again() -> None:
    left, right = torch.randn(64, 96), torch.randn(96, 80)
    before, plain = ONEDNN.matmul.fp32_precision, left @ right
    with fast_products(are_exact=False):
        assert ONEDNN.matmul.fp32_precision == "bf16"
        fast = left @ right
    assert ONEDNN.matmul.fp32_precision == before
    assert fast.dtype == torch.float32
    # With AMX the numbers are bfloat16 on the way: eight bits of each.
    torch.testing.assert_close(fast, plain, rtol=2e-2, atol=0.2)
    with fast_products(are_exact=True):
        torch.testing.assert_close(left @ right, plain, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("known", "asked"), [({"amx_bf16": True}, False), ({"amx_bf16": False}, True), ({}, True)])
def test_where_it_would_round_who_wants_exact_products_has_those_of_torch(
    known: dict[str, bool], asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "x86_64", **known})
    monkeypatch.setattr(products, "_keeps_float32", products._keeps_float32.__wrapped__)
    before = ONEDNN.matmul.fp32_precision
    with fast_products(are_exact=True):
        assert (ONEDNN.matmul.fp32_precision != before) is asked
    with fast_products(are_exact=False):
        assert ONEDNN.matmul.fp32_precision == "bf16"


def test_it_ends_with_what_fails_in_it() -> None:
    before = ONEDNN.matmul.fp32_precision
    with pytest.raises(ValueError, match="full"), fast_products(are_exact=True):
        raise ValueError("the disk is full")
    assert ONEDNN.matmul.fp32_precision == before


def test_the_last_of_several_threads_sets_it_back() -> None:
    before = ONEDNN.matmul.fp32_precision
    one, other = fast_products(are_exact=False), fast_products(are_exact=False)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert ONEDNN.matmul.fp32_precision == "bf16"
    other.__exit__(None, None, None)
    assert ONEDNN.matmul.fp32_precision == before
