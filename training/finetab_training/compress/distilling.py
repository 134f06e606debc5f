"""Recovery: the factors learn to say what the original says, answer by answer, on text that both read.

The loss is the Kullback-Leibler divergence from the original's distribution to the compressed model's (Hinton et al.
2015, arXiv 1503.02531). Only factors are trained; what was left whole stays as it is.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle, islice
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from finetab.core.factored import Factored
from finetab.core.products import fast_products
from finetab_training.compress.task import NEXT_TOKEN, Task, divergence

_LEARNING_RATE = 1e-4
_WARM_UP = 10  # steps
_LEAST_ANSWERS = 32  # a step
_MOST_NORM = 1.0


def distil(
    student: PreTrainedModel,
    teacher: PreTrainedModel,
    rows: Sequence[Any],
    steps: int,
    advance: Callable[[float], None],
    task: Task = NEXT_TOKEN,
) -> int:
    """Train the student's factors in place; `advance` is told each step's loss in nats an answer.

    A step takes a row, or as many as give enough answers: by one answer alone Adam moves weights as far as by many.
    Ctrl-C ends it, and what was learned stays. Gives the number of steps that were made.
    """
    student.requires_grad_(requires_grad=False)
    factors = [module.requires_grad_() for module in student.modules() if isinstance(module, Factored)]
    weights = [weight for module in factors for weight in module.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=_LEARNING_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, steps))
    rows_a_step = -(-_LEAST_ANSWERS // len(task.targets(rows[0])))
    following, made = cycle(rows), 0
    with suppress(KeyboardInterrupt):
        for step in range(steps):
            loss = torch.zeros(())
            for row in islice(following, rows_a_step):
                with fast_products(are_exact=False):
                    with torch.no_grad():
                        wanted_NC = task.logits(teacher, row).log_softmax(-1)
                    said_NC = task.logits(student, row).log_softmax(-1)
                    part = divergence(said_NC, wanted_NC) / rows_a_step
                    part.backward()
                loss += part.detach().cpu()
            nn.utils.clip_grad_norm_(weights, _MOST_NORM)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            advance(float(loss))
            made = step + 1
    student.requires_grad_(requires_grad=False)
    return made


def _share(step: int, steps: int) -> float:
    """Of the learning rate: up in a few steps, then down to nothing."""
    return min(1.0, (step + 1) / _WARM_UP) * (1 - step / steps)
