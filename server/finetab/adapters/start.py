"""What adapters went on from, counted once in their sum.

Two adapters that both started from a third each hold all of it, so their sum holds it as often as their weights say. It
is added with what is missing to one: start + the sum of weight (adapter - start), which sums what each has learned
itself (task arithmetic, Ilharco et al. 2023, arXiv 2212.04089).
"""

from collections.abc import Sequence
from pathlib import Path

from finetab.adapters.library import list_adapters, read_adapter
from finetab.adapters.parents import Parent
from finetab.adapters.shipped import shipped_adapter
from finetab.core.manifest import Manifest
from finetab.core.pointer import BASE
from finetab.errors import BadInput, FinetabError

_NOTHING = 1e-9


def with_start_once(parents: Sequence[Parent]) -> tuple[Parent, ...]:
    """The parents, and each adapter that some started from with the weight that makes it one in the sum.

    Where one of them stands among the parents itself, the weights are taken as they are. Raises `BadInput` where one is
    not here.
    """
    held: dict[str, float] = {}
    for parent in parents:
        label = str(parent.manifest.data.get("start", BASE))
        if label != BASE:
            held[label] = held.get(label, 0.0) + parent.weight
    if held.keys() & {parent.manifest.label for parent in parents}:
        return tuple(parents)
    base = parents[0].manifest.base_name
    missing = {label: 1.0 - weight for label, weight in held.items() if abs(1.0 - weight) > _NOTHING}
    return (*parents, *(Parent(*_found(label, base), weight) for label, weight in missing.items()))


def _found(label: str, base: str) -> tuple[Path, Manifest]:
    """The adapter of a label among those that ship and those of the library."""
    shipped = shipped_adapter(base)
    for name in ([str(shipped)] if shipped else []) + list_adapters():
        try:
            found = read_adapter(name)
        except FinetabError:  # another one of the library, broken
            continue
        if found[1].label == label:
            return found
    raise BadInput(
        f"Some of the adapters started from {label}, which is not on this machine, so it cannot be counted once; "
        "give them weights that add up to 1."
    )
