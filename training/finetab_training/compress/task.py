"""What a model is for: how text goes through it, and which of its answers are judged by what."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch.nn import functional
from transformers import PreTrainedModel


class Task(Protocol):
    """What compression must know of a model's use; `row` is whatever the task takes for one text."""

    def read(self, model: PreTrainedModel, row: Any) -> None:
        """Show each layer what it gets to see of a text."""
        ...

    def logits(self, model: PreTrainedModel, row: Any, each: int = 1) -> torch.Tensor:
        """What the model says of a text, (N, C): N answers among C tokens or classes, or one in so many of them."""
        ...

    def targets(self, row: Any) -> torch.Tensor:
        """What it should have said, (N,)."""
        ...


class NextToken:
    """A causal model goes on with a text; a row is ids (1, T)."""

    def read(self, model: PreTrainedModel, row: torch.Tensor) -> None:
        """See `Task.read`; the head, the largest product of all, is asked of one place only."""
        model(input_ids=row.to(model.device), use_cache=False, logits_to_keep=1)

    def logits(self, model: PreTrainedModel, row: torch.Tensor, each: int = 1) -> torch.Tensor:
        """See `Task.logits`; (T - 1, V) with each of them. The head is asked of those places only."""
        places = torch.arange(0, row.shape[1] - 1, each, device=model.device)
        answer = model(input_ids=row.to(model.device), use_cache=False, logits_to_keep=places)
        logits: torch.Tensor = answer.logits[0]
        return logits.float()

    def targets(self, row: torch.Tensor) -> torch.Tensor:
        """See `Task.targets`."""
        return row[0, 1:]


class Labelled(NamedTuple):
    """A text's ids, (1, T), and its class."""

    ids: torch.Tensor
    label: int


class Class:
    """An encoder says which class a text is of."""

    def read(self, model: PreTrainedModel, row: Labelled) -> None:
        """See `Task.read`."""
        self.logits(model, row)

    def logits(self, model: PreTrainedModel, row: Labelled, each: int = 1) -> torch.Tensor:
        """See `Task.logits`; (1, number of classes)."""
        logits: torch.Tensor = model(input_ids=row.ids.to(model.device)).logits
        return logits[::each].float()

    def targets(self, row: Labelled) -> torch.Tensor:
        """See `Task.targets`."""
        return torch.tensor([row.label])


NEXT_TOKEN, CLASS = NextToken(), Class()


def divergence(said_NC: torch.Tensor, wanted_NC: torch.Tensor) -> torch.Tensor:
    """The Kullback-Leibler divergence from what is wanted to what is said, log-probabilities, in nats an answer."""
    return functional.kl_div(said_NC, wanted_NC, reduction="batchmean", log_target=True)


@torch.inference_mode()
def losses(model: PreTrainedModel, rows: Sequence[Any], task: Task = NEXT_TOKEN) -> list[float]:
    """Of each row, in nats an answer."""
    return [
        float(functional.cross_entropy(task.logits(model, row).cpu(), task.targets(row), reduction="mean"))
        for row in rows
    ]


@torch.inference_mode()
def accuracies(model: PreTrainedModel, rows: Sequence[Any], task: Task) -> list[float]:
    """For each answer over rows, 1 where what the model is surest of is right, else 0."""
    found: list[float] = []
    for row in rows:
        said_N = task.logits(model, row).argmax(-1).cpu()
        found += (said_N == task.targets(row)).float().tolist()
    return found
