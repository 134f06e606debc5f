"""What adapters went on from, counted once in their sum.

Two adapters that both started from a third each hold all of it, so their sum holds it as often as their weights say. It
is added with what is missing to one: start + the sum of weight (adapter - start), which sums what each has learned
itself (task arithmetic, Ilharco et al. 2023, arXiv 2212.04089). A start may have a start, and an adapter made of others
holds theirs: its manifest says how often, by `composed`, `starts`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from finetab.adapters.library import list_adapters, read_adapter
from finetab.adapters.parents import Parent
from finetab.adapters.shipped import shipped_adapter
from finetab.core.manifest import Manifest
from finetab.core.pointer import BASE
from finetab.errors import BadInput, FinetabError

Starts: TypeAlias = dict[str, float | None]
"""By label, how often an adapter holds what another one has learned itself; None where nobody can tell."""
_Known: TypeAlias = Mapping[str, tuple[Path, Manifest]]

_NOTHING = 1e-9


def with_start_once(parents: Sequence[Parent]) -> tuple[Parent, ...]:
    """The parents, and each adapter that some started from with the weight that makes it one in the sum.

    Where one of them stands among the parents itself, the weights are taken as they are. Raises `BadInput` where one is
    not here, or where nobody can tell how often it is held.
    """
    known = _known(parents)
    held = [starts for parent in parents if (starts := _starts(parent.manifest, known))]
    labels = dict.fromkeys(label for starts in held for label in starts)
    if labels.keys() & {parent.manifest.label for parent in parents}:
        return tuple(parents)
    summed = tuple(parents)
    # The youngest first, since each one that is added brings the older ones with it.
    for label in sorted(labels, key=lambda label: -_age(label, known)):
        missing = 1 - _counted(label, summed, known)
        if label not in known and (abs(missing) > _NOTHING or not all(label in starts for starts in held)):
            raise BadInput(
                f"Some of the adapters started from {label}, which is not on this machine, so it cannot be counted "
                "once; bring it back, or take only adapters that started from it, with weights that add up to 1."
            )
        if abs(missing) > _NOTHING:
            summed = (*summed, Parent(*known[label], missing))
    return summed


def held_starts(parents: Sequence[Parent]) -> Starts:
    """How often the sum of parents holds each of their starts."""
    known = _known(parents)
    labels = dict.fromkeys(label for parent in parents for label in _starts(parent.manifest, known))
    return {label: _share(label, parents, known) for label in labels}


def _counted(label: str, parents: Sequence[Parent], known: _Known) -> float:
    share = _share(label, parents, known)
    if share is None:
        raise BadInput(
            f"How much of {label} is left in one of the adapters cannot be told, since it was composed by a way that "
            "is no sum, so it cannot be counted once; compose that one with cat or svd."
        )
    return share


def _share(label: str, parents: Sequence[Parent], known: _Known) -> float | None:
    """How often the sum of parents holds what an adapter has learned, which may be one of them."""
    total = 0.0
    for parent in parents:
        share = 1.0 if parent.manifest.label == label else _starts(parent.manifest, known).get(label, 0.0)
        if share is None:
            return None
        total += parent.weight * share
    return total


def _starts(told: Manifest, known: _Known) -> Starts:
    """What an adapter holds of all that it, or what it is made of, went on from."""
    if "composed" in told.data:
        return dict(told.data["composed"].get("starts", {}))
    label = str(told.data.get("start", BASE))
    if label == BASE:
        return {}
    return {label: 1.0} | (_starts(known[label][1], known) if label in known else {})


def _age(label: str, known: _Known) -> int:
    """How many stand before an adapter in its line: more than before any of those."""
    return len(_starts(known[label][1], known)) if label in known else 0


def _known(parents: Sequence[Parent]) -> _Known:
    """By label the parents, what ships for their base, and the library."""
    shipped = shipped_adapter(parents[0].manifest.base_name)
    found = {parent.manifest.label: (parent.folder, parent.manifest) for parent in parents}
    for name in [*([str(shipped)] if shipped else []), *list_adapters()]:
        with suppress(FinetabError):  # another one of the library, broken
            folder, told = read_adapter(name)
            found.setdefault(told.label, (folder, told))
    return found
