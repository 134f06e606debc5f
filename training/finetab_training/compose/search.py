"""The weights of a composition, looked for on a holes file: those with which the middles cost least.

The loss of middles that people wrote changes smoothly with the weights and needs one pass a hole, where answers change
by jumps and need many. Nelder and Mead's simplex (scipy) needs no gradients. It sees the holes it is given: measure the
outcome on others.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from scipy.optimize import minimize
from torch.nn import functional

from finetab.adapters.parents import Parent
from finetab.completion.context import Windows
from finetab.core.base import Base
from finetab.core.fim import Form
from finetab.core.manifest import Budgets
from finetab.core.pointer import BARE
from finetab.core.weights import base_folder
from finetab.engine.network import Network
from finetab.engine.ways import choose_way, open_network
from finetab.errors import BadFile
from finetab.settings import Settings
from finetab_training.compose.composition import Composition, compose
from finetab_training.data.hole import Hole

_NAME = "tried"
_FIRST_STEP = 0.25  # in each weight, of the simplex


@dataclass(frozen=True, slots=True)
class Tried:
    """Weights, and the mean negative logprob a token of the holes' middles with them; natural logarithm."""

    weights: tuple[float, ...]
    loss: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A prompt and the middle after it."""

    prompt: tuple[int, ...]
    middle: tuple[int, ...]


def search_weights(
    parents: Sequence[Parent],
    composition: Composition,
    holes: Sequence[Hole],
    most: int,
    settings: Settings,
    advance: Callable[[Tried], None],
) -> tuple[Tried, ...]:
    """Try up to `most` weights, the parents' own first; all that were tried, the best one first.

    Raises `BadFile` for holes with nothing in them.
    """
    composition.check(parents)
    if not any(hole.middle for hole in holes):
        raise BadFile(f"None of {len(holes)} holes has a middle, so weights cost the same on all of them; name others.")
    first = parents[0].manifest
    settings = replace(settings, base=first.base_name, adapter=BARE)
    tried: list[Tried] = []
    where = base_folder(first.base_name)
    way = choose_way(settings, where, parents[0].folder)[0]  # that of a composition as well: all are plain
    with TemporaryDirectory() as scratch:
        base, network = open_network(settings, where, way, None)
        samples = make_samples(base, holes, first.budgets, first.form)

        def loss(weights: Sequence[float]) -> float:
            made = Path(scratch) / f"{_NAME}{len(tried)}"
            shares = [replace(parent, weight=float(weight)) for parent, weight in zip(parents, weights, strict=True)]
            compose(shares, composition, made)
            network.attach(_NAME, made)
            found = Tried(tuple(parent.weight for parent in shares), _mean_cost(network, samples))
            network.detach(_NAME)
            shutil.rmtree(made)  # each is as large as all of the parents
            tried.append(found)
            advance(found)
            return found.loss

        begun = [parent.weight for parent in parents]
        simplex = [begun, *([*begun[:at], begun[at] + _FIRST_STEP, *begun[at + 1 :]] for at in range(len(begun)))]
        minimize(loss, begun, method="Nelder-Mead", options={"maxfev": most, "initial_simplex": simplex})
    return best_first(tried)


def best_first(tried: Sequence[Tried]) -> tuple[Tried, ...]:
    """By loss."""
    return tuple(sorted(tried, key=lambda each: each.loss))


def make_samples(base: Base, holes: Sequence[Hole], budgets: Budgets, form: Form) -> list[Sample]:
    """The holes as ids, each middle with the end after it; those without one left out."""
    windows = Windows(base.tokenizer, budgets)
    made = []
    for hole in holes:
        parts = windows.parts(hole.document(), len(hole.prefix), hole.context)
        middle = base.tokenizer.encode(hole.middle)
        if middle:
            made.append(Sample(tuple(base.fim.prompt(parts, form)), (*middle, base.fim.end_id)))
    return made


def _mean_cost(network: Network, samples: Sequence[Sample]) -> float:
    """By token over all samples."""
    return sum(cost_of(network, _NAME, sample) for sample in samples) / sum(len(sample.middle) for sample in samples)


@torch.inference_mode()
def cost_of(network: Network, adapter: str, sample: Sample) -> float:
    """The negative logprob of a middle and its end with an attached adapter; natural logarithm, summed over tokens."""
    ids = [*sample.prompt, *sample.middle[:-1]]
    logits_TV = network.evaluate(ids, 0, network.new_cache(), len(sample.middle), adapter)
    targets = torch.tensor(sample.middle, device=logits_TV.device)
    return float(functional.cross_entropy(logits_TV.float(), targets, reduction="sum"))
