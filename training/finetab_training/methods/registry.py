"""The techniques by name, where each stands. A new one is a file beside this and a line here.

They are imported when they are asked for, since PEFT takes seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from finetab.errors import UnknownName, near_match

if TYPE_CHECKING:
    from finetab_training.methods.base import Method

METHODS: dict[str, str] = {
    "lora": "finetab_training.methods.lora:LORA",
    "qlora": "finetab_training.methods.lora:QLORA",
}


def check_method(name: str) -> None:
    """Raise `UnknownName`, with the near match, when there is no technique of that name."""
    if name not in METHODS:
        raise UnknownName(f'There is no method "{name}"{near_match(name, METHODS)}')


def method_by_name(name: str) -> "Method":
    """The technique of that name; `UnknownName` with the near match."""
    check_method(name)
    module, attribute = METHODS[name].split(":")
    method: Method = getattr(import_module(module), attribute)
    return method
