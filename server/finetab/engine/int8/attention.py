"""What the tokens of one prompt see of it: torch's attention, or plain products where these are faster."""

import torch
from torch.nn import functional

_BLOCK = 96  # tokens


def attended(
    queries_TNd: torch.Tensor, keys_KSd: torch.Tensor, values_KSd: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> torch.Tensor:
    """The values of S keys as T queries of N heads weigh them, (T, N * head size); several heads may share a key.

    `mask`, None for none, is added to the products; it holds each token once for each head of a key, (N / K * T, S).
    """
    if len(keys_KSd) == 1 and len(queries_TNd) > _BLOCK:
        return _in_blocks(queries_TNd, keys_KSd[0], values_KSd[0], mask, scale)
    # The queries that share a key stand one below the other: (K, N / K * T, head size).
    num_keys, num_tokens, size = len(keys_KSd), len(queries_TNd), queries_TNd.shape[-1]
    queries = queries_TNd.unflatten(1, (num_keys, -1)).permute(1, 2, 0, 3).reshape(num_keys, -1, size)
    seen = functional.scaled_dot_product_attention(queries[None], keys_KSd[None], values_KSd[None], mask, scale=scale)
    return seen.view(num_keys, -1, num_tokens, size).permute(2, 0, 1, 3).reshape(num_tokens, -1)


def _in_blocks(
    queries_TNd: torch.Tensor, keys_Sd: torch.Tensor, values_Sd: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> torch.Tensor:
    """Where all heads share one key, the heads of some tokens are one product, with the keys up to them only."""
    num_tokens, num_heads, size = queries_TNd.shape
    before = len(keys_Sd) - num_tokens
    queries_TNd = queries_TNd * scale
    seen_TNd = torch.empty_like(queries_TNd)
    for start in range(0, num_tokens, _BLOCK):
        stop = min(start + _BLOCK, num_tokens)
        end = before + stop
        weights = queries_TNd[start:stop].view(-1, size) @ keys_Sd[:end].T
        if mask is not None:
            weights.view(-1, num_heads, end).add_(mask[start:stop, None, :end])
        torch.mm(weights.softmax(-1), values_Sd[:end], out=seen_TNd[start:stop].view(-1, size))
    return seen_TNd.view(num_tokens, -1)
