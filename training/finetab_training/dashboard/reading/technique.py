"""The techniques to choose from, those of other packages among them, and the options that each one asks for."""

from dataclasses import dataclass

from finetab_training.methods.registry import METHODS, method_by_name, plugins


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a technique, with the value that it has unless another one is given."""

    name: str
    default: bool | int | float | str


def techniques() -> dict[str, str]:
    """What each technique trains, by its name."""
    own = {name: row.trains for name, row in METHODS.items()}
    return own | {name: f"brought by {where.split(':')[0]}" for name, where in plugins().items()}


def options_of(technique: str) -> tuple[Option, ...]:
    """The options of a technique, as it lists them itself; those that are no plain value keep their default.

    Raises `BadInput` where it cannot be loaded. Slow the first time: it imports PEFT.
    """
    listed = method_by_name(technique).options({})
    return tuple(Option(name, value) for name, value in listed.items() if isinstance(value, bool | int | float | str))
