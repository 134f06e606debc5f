"""Attention by plain products is torch's attention, whatever came before and whatever is hidden."""

import pytest
import torch
from torch.nn import functional

from finetab.engine.int8 import attention

_HEADS, _SIZE = 4, 16


def mask_of(num_tokens: int, num_keys: int, window: int) -> torch.Tensor:
    own, seen = torch.arange(num_keys - num_tokens, num_keys)[:, None], torch.arange(num_keys)[None]
    hidden = (seen > own) | (seen <= own - window)
    return torch.zeros(num_tokens, num_keys).masked_fill_(hidden, -torch.inf)


@pytest.mark.parametrize("num_shared", [1, 2, 4])
@pytest.mark.parametrize(("num_tokens", "before"), [(1, 0), (1, 40), (96, 0), (97, 0), (200, 0), (288, 70), (250, 3)])
@pytest.mark.parametrize("window", [32, 1_000])
def test_it_is_what_each_head_sees_by_itself(num_shared: int, num_tokens: int, before: int, window: int) -> None:
    generator = torch.Generator().manual_seed(num_tokens)
    num_keys = before + num_tokens
    queries = torch.randn(num_tokens, _HEADS + 2, _SIZE, generator=generator)[:, :_HEADS]  # as a part of more
    keys, values = torch.randn(2, num_shared, num_keys, _SIZE, generator=generator)
    mask = mask_of(num_tokens, num_keys, window)
    each = _HEADS // num_shared
    found = attention.attended(queries, keys, values, mask.repeat(each, 1), scale=0.3)
    expected = functional.scaled_dot_product_attention(
        queries.transpose(0, 1),
        keys.repeat_interleave(each, 0),
        values.repeat_interleave(each, 0),
        mask,
        scale=0.3,
    )
    torch.testing.assert_close(found, expected.transpose(0, 1).reshape(num_tokens, -1), atol=1e-5, rtol=1e-5)
