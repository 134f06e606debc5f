"""The loss of a packed row: cross entropy on the positions that count, and logits for no others."""

from typing import Any

import torch
from torch.nn import functional

from finetab_training.data.fim_samples import IGNORED


def row_loss(model: Any, ids_BT: torch.Tensor, labels_BT: torch.Tensor, positions_BT: torch.Tensor) -> torch.Tensor:
    """Summed cross entropy over the labels that count, for one row (B = 1).

    A vocabulary of 262,144 makes full logits of a 1,024-token row a gigabyte, so the head is applied to the
    counted positions only. `attention_mask` is left out and the cache is off: only then does transformers keep
    packed samples apart by their positions.
    """
    assert ids_BT.shape[0] == 1, "rows are packed, so a batch is one row"
    counted = (labels_BT[0, 1:] != IGNORED).nonzero().flatten()
    output = model(
        input_ids=ids_BT, attention_mask=None, position_ids=positions_BT, use_cache=False, logits_to_keep=counted
    )
    targets = labels_BT[0, 1:][counted]
    return functional.cross_entropy(output.logits[0].float(), targets, reduction="sum")
