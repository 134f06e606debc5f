"""The techniques by name: what each is, and where it stands. A new one is a file beside this and a row here.

Third parties offer theirs through the entry-point group `finetab.methods`: a name, and the `Method` behind it.
They are imported when they are asked for, since PEFT takes seconds to import.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from finetab.errors import BadInput, UnknownName, near_match

if TYPE_CHECKING:
    from finetab_training.methods.base import Method

GROUP = "finetab.methods"


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One line of `finetab methods`."""

    where: str
    """`module:attribute` of the `Method`."""
    trains: str
    base: str = "NF4"
    """What the base's weights are held in while training."""
    saves: str = "the additions"
    sentinels: str = "trained"
    """What becomes of the rows of sentinels that the base does not know."""
    goes_on: bool = False
    """Whether it can go on with the additions of an adapter, one made by a technique of which this is true as well."""


_HERE = "finetab_training.methods"
METHODS: dict[str, MethodRow] = {
    "lora": MethodRow(f"{_HERE}.lora:LORA", "low-rank additions to all linear layers", "full", goes_on=True),
    "qlora": MethodRow(f"{_HERE}.lora:QLORA", "low-rank additions to all linear layers", goes_on=True),
    "rslora": MethodRow(f"{_HERE}.lora:RSLORA", "as qlora, scaled by 1/sqrt(r), so that high ranks learn"),
    "dora": MethodRow(f"{_HERE}.lora:DORA", "as qlora, and the length of each weight's rows apart"),
    "eva": MethodRow(f"{_HERE}.lora:EVA", "as qlora, started from the main directions of its inputs"),
    "pissa": MethodRow(
        f"{_HERE}.started:PISSA", "the main directions of the weights themselves", "full", "additions of twice the rank"
    ),
    "loftq": MethodRow(
        f"{_HERE}.started:LOFTQ", "as qlora, started so as to undo the rounding", saves="additions of twice the rank"
    ),
    "adalora": MethodRow(
        f"{_HERE}.adalora:ADALORA", "low-rank additions whose ranks move to where they help", saves="plain additions"
    ),
    "vera": MethodRow(
        f"{_HERE}.vectors:VERA", "two vectors a layer around shared random matrices", saves="vectors, and the matrices",
        sentinels="as spelled",
    ),
    "ia3": MethodRow(
        f"{_HERE}.vectors:IA3", "a factor for each key, value and inner activation", saves="vectors",
        sentinels="as spelled",
    ),
    "tokens": MethodRow(f"{_HERE}.vectors:TOKENS", "the rows of the sentinels alone", saves="three rows"),
    "full": MethodRow(f"{_HERE}.full:FULL", "every weight: the yardstick", "full", "all weights"),
}  # fmt: skip

REFUSED = {
    name: f"{words} put trained vectors before every prompt, where finetab's engine keeps keys and values of text "
    "that it re-uses from one keystroke to the next, so an adapter of this kind could not be served; use lora."
    for name, words in (("prompt", "Prompt tuning would"), ("prefix", "Prefix tuning would"),
                        ("p-tuning", "P-tuning would"))
}  # fmt: skip


def plugins() -> dict[str, str]:
    """Techniques of third parties: by name, where they stand."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP) if entry.name not in METHODS}


def check_method(name: str) -> None:
    """Raise `UnknownName`, with the near match, when there is no technique of that name."""
    if name in REFUSED:
        raise BadInput(REFUSED[name])
    known = {**METHODS, **plugins()}
    if name not in known:
        raise UnknownName(f'There is no method "{name}"{near_match(name, known)}')


def goes_on(name: str) -> bool:
    """Whether a technique can go on with the additions of an adapter."""
    return name in METHODS and METHODS[name].goes_on


def method_by_name(name: str) -> "Method":
    """The technique of that name; `UnknownName` with the near match."""
    check_method(name)
    where = METHODS[name].where if name in METHODS else plugins()[name]
    module, attribute = where.split(":")
    try:
        method: Method = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadInput(f'The method "{name}" ({where}) cannot be loaded: {error}.') from error
    return method
