"""Whether an adapter uses the suffix: what the middles of holes cost without it, with it, and with a foreign one.

    python benchmarks/suffix_use.py ADAPTER [ADAPTER ...] [--holes FILE.jsonl.gz] [--limit 200]

The base alone comes first. A middle's cost is the mean negative logprob (natural logarithm) of its tokens, each given
those before it; its end's is shown apart, since a base has never been taught to end. One pass a hole and form, where
answers through the pipeline take dozens: a quick look on the way, not a verdict. Holes are the general ones, which no
training of finetab's own sees, spread over the whole file. Intervals are 95% bootstrap over holes.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn import functional

from finetab.adapters.attach import attach
from finetab.adapters.library import read_adapter
from finetab.completion.context import Windows
from finetab.core.fim import Form, Parts
from finetab.core.manifest import Budgets
from finetab.core.models import BaseModel, load_base
from finetab_training.data.hole import Hole, read_holes
from finetab_training.evaluate.general import GENERAL_HOLES
from finetab_training.evaluate.metrics import Estimate, estimate, paired_difference

_MOST_TOKENS = 64  # of a middle


@dataclass(frozen=True, slots=True)
class Asked:
    """One hole as ids."""

    parts: Parts
    foreign: Parts
    """With another hole's suffix."""
    middle: tuple[int, ...]


def main() -> None:
    """Measure the base and each adapter, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapters", nargs="+")
    parser.add_argument("--holes", type=Path, default=GENERAL_HOLES)
    parser.add_argument("--limit", type=int, default=200)
    given = parser.parse_args()
    holes = [hole for hole in read_holes(given.holes) if hole.middle]
    holes = holes[:: max(1, len(holes) // given.limit)][: given.limit]
    manifests = [read_adapter(name)[1] for name in given.adapters]
    table = Table("", "N", "without", "with", "foreign", "gain [95%]", "lost by a foreign one [95%]", "end", box=None)
    for name in (None, *given.adapters):
        base = load_base(manifests[0].base_name)
        budgets = manifests[0].budgets
        model = attach(base, *read_adapter(name)) if name else base.model
        table.add_row(name or manifests[0].base_name, *_row(model, base, _asked(base, holes, budgets)))
    Console().print(table)


def _asked(base: BaseModel, holes: Sequence[Hole], budgets: Budgets) -> list[Asked]:
    windows = Windows(base.tokenizer, budgets)
    whole = [replace(parts, prefix=parts.prefix + parts.tail, tail=()) for parts in _parts(windows, holes)]
    others = whole[1:] + whole[:1]
    middles = [tuple(base.tokenizer.encode(hole.middle)) for hole in holes]
    asked = [
        Asked(own, replace(own, suffix=other.suffix), middle)
        for own, other, middle in zip(whole, others, middles, strict=True)
    ]
    return [each for each in asked if len(each.middle) <= _MOST_TOKENS]


def _parts(windows: Windows, holes: Sequence[Hole]) -> list[Parts]:
    return [windows.parts(hole.document(), len(hole.prefix)) for hole in holes]


def _row(model: torch.nn.Module, base: BaseModel, asked: Sequence[Asked]) -> list[str]:
    without, own, foreign, ends = [], [], [], []
    for each in track(asked, transient=True):
        without.append(_cost(model, base, each.parts, each.middle, "prefix")[0])
        cost, end = _cost(model, base, each.parts, each.middle, "spm")
        own.append(cost)
        ends.append(end)
        foreign.append(_cost(model, base, each.foreign, each.middle, "spm")[0])
    shown = [f"{estimate(values).mean:.3f}" for values in (without, own, foreign)]
    differences = [_told(paired_difference(values, own)) for values in (without, foreign)]
    return [str(len(own)), *shown, *differences, f"{estimate(ends).mean:.2f}"]


@torch.inference_mode()
def _cost(
    model: torch.nn.Module, base: BaseModel, parts: Parts, middle: Sequence[int], form: Form
) -> tuple[float, float]:
    """The mean cost of the middle's tokens, and that of its end."""
    ids = [*base.fim.prompt(parts, form), *middle, base.fim.end_id]
    kept = len(middle) + 2
    logits = model(input_ids=torch.tensor([ids]), use_cache=False, logits_to_keep=kept).logits[0, :-1]
    targets = torch.tensor(ids[-kept + 1 :])
    costs = functional.cross_entropy(logits.float(), targets, reduction="none")
    return float(costs[:-1].mean()), float(costs[-1])


def _told(found: Estimate) -> str:
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


if __name__ == "__main__":
    main()
