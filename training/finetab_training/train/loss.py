"""The loss of a packed row: cross entropy on the positions that count, their logits a few at a time.

A vocabulary of 262,144 makes full logits of a 1,024-token row a gigabyte. So the head sees counted positions only,
and of those a chunk at a time: its loss and its gradients are taken at once, and its logits are gone before the next
chunk's are made. Nothing is computed twice. Taking gradients in the forward pass is the idea of fused linear cross
entropy (Hsu et al. 2024, Liger Kernel, arXiv 2410.10989), here for any head, whatever adapters are on it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.utils import extract_model_from_parallel
from torch import nn
from torch.nn import functional

from finetab_training.data.fim_samples import IGNORED
from finetab_training.train.cut_head import CutHead

CHUNK_LOGITS = 1 << 25  # numbers at once: 128 MB in float32
Head = Callable[[torch.Tensor], torch.Tensor]


def row_loss(
    model: Any,
    ids_BT: torch.Tensor,
    labels_BT: torch.Tensor,
    positions_BT: torch.Tensor,
    cut: CutHead | None = None,
    *,
    chunk_logits: int = CHUNK_LOGITS,
) -> torch.Tensor:
    """Summed cross entropy over the labels that count, for one row (B = 1), in float32; by `cut`, among its ids.

    `attention_mask` is left out and the cache is off: only then does transformers keep packed samples apart by their
    positions.
    """
    assert ids_BT.shape[0] == 1, "rows are packed, so a batch is one row"
    counted = (labels_BT[0, 1:] != IGNORED).nonzero().flatten()
    targets = labels_BT[0, 1:][counted]

    def head_output() -> torch.Tensor:
        logits: torch.Tensor = model(
            input_ids=ids_BT, attention_mask=None, position_ids=positions_BT, use_cache=False, logits_to_keep=counted
        ).logits
        return logits

    head = extract_model_from_parallel(model).get_output_embeddings()
    with _head_gives_loss(head, targets, cut, chunk_logits) as given:
        loss = head_output().squeeze()
    if loss.shape == () and torch.isclose(loss, given[0], rtol=0.0, atol=0.0, equal_nan=True):
        return loss
    # A family that scales or squashes what its head gives: its logits can only be had in one piece.
    return functional.cross_entropy(head_output()[0].float(), targets, reduction="sum")


@contextmanager
def _head_gives_loss(
    head: nn.Module, targets: torch.Tensor, cut: CutHead | None, chunk_logits: int
) -> Iterator[list[torch.Tensor]]:
    """Make a model's head give the loss, (1, 1, 1), in place of logits; what it gave is in the list afterwards.

    It happens within the model's own call, so that what is wrapped around the model sees a call like any other.
    """
    forward, given = cut or head.forward, []
    targets = cut.targets(targets) if cut else targets

    def loss_of(hidden_1NH: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            probe = forward(hidden_1NH[0, :1].detach())
        size = max(1, chunk_logits // probe.shape[-1])
        trained = _leaves(probe) if torch.is_grad_enabled() else []
        loss: torch.Tensor = _ChunkedLoss.apply(hidden_1NH[0], targets, forward, size, *trained)  # type: ignore[no-untyped-call]
        given.append(loss.detach())
        return loss.reshape(1, 1, 1)

    own = vars(head).get("forward")
    head.forward = loss_of
    try:
        yield given
    finally:
        if own is None:
            del head.forward
        else:
            head.forward = own


def _leaves(tensor: torch.Tensor) -> list[torch.Tensor]:
    """What is trained in the making of a tensor; tied rows, say, which a head uses without holding them."""
    found: dict[int, torch.Tensor] = {}
    nodes, seen = [tensor.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None:
            found[id(variable)] = variable
        nodes += [following for following, _ in node.next_functions]
    return list(found.values())


class _ChunkedLoss(torch.autograd.Function):
    """Cross entropy of a head's logits, summed; gradients are made in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: Any, hidden_NH: torch.Tensor, targets_N: torch.Tensor, head: Head, size: int, *trained: torch.Tensor
    ) -> torch.Tensor:
        """Shapes: hidden (N, hidden), targets (N,); `head` maps (n, hidden) to (n, vocabulary).

        Two dimensions, not three: for a product with three torch copies the head's weights first.
        """
        wanted = any(ctx.needs_input_grad)
        total = hidden_NH.new_zeros((), dtype=torch.float32)
        of_hidden, of_weights = torch.zeros_like(hidden_NH), list[torch.Tensor]()
        for start in range(0, len(targets_N), size):
            chunk = hidden_NH[start : start + size].detach().requires_grad_(wanted)
            with torch.set_grad_enabled(wanted):
                logits = head(chunk)
            logs = functional.log_softmax(logits.detach().float(), dim=-1)
            at = targets_N[start : start + size, None]
            total -= logs.gather(1, at).sum()
            if wanted:
                of_logits = logs.exp_().scatter_add_(1, at, at.new_full(at.shape, -1).to(logs))
                of_chunk, *parts = torch.autograd.grad(logits, [chunk, *trained], of_logits.to(logits.dtype))
                of_hidden[start : start + size] = of_chunk
                of_weights = [grad.add_(part) for grad, part in zip(of_weights, parts, strict=False)] or parts
        ctx.grads = [of_hidden, *(of_weights or map(torch.zeros_like, trained))]
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients made above, scaled."""
        of_hidden, *of_weights = (grad.mul_(grad_outputs[0]) for grad in ctx.grads)
        ctx.grads = []
        return of_hidden, None, None, None, *of_weights
