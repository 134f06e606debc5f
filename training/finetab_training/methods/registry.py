"""The techniques by name. A new one is a file beside this and a line here."""

from finetab.errors import UnknownName, near_match
from finetab_training.methods.base import Method
from finetab_training.methods.lora import LORA, QLORA

METHODS: dict[str, Method] = {method.name: method for method in (LORA, QLORA)}


def method_by_name(name: str) -> Method:
    """The technique of that name; `UnknownName` with the near match."""
    if name not in METHODS:
        raise UnknownName(f'There is no method "{name}"{near_match(name, METHODS)}')
    return METHODS[name]
