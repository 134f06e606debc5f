"""Checking a technique's options against the dataclass that lists them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from finetab.errors import BadSetting, near_match


def checked_options(method: str, kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a method with their values, from a dataclass of defaults.

    Whole numbers must be at least 1, other numbers from 0 to 1. Raises `BadSetting` for the first that is wrong.
    """
    known = {item.name: item.default for item in fields(kind) if item.default is not MISSING}
    for key, value in given.items():
        if key not in known:
            raise BadSetting(f'The method {method} has no option "{key}"{near_match(key, known) or "; it has none"}')
        fault = _fault(value, known[key])
        if fault:
            raise BadSetting(f"The option {key} must be {fault}, not {value!r}.")
    return known | dict(given)


def _fault(value: Any, default: Any) -> str:
    """What a value must be, where it is not that."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, int):
        return "" if is_number and isinstance(value, int) and value >= 1 else "a whole number from 1"
    return "" if is_number and 0 <= value <= 1 else "a number from 0 to 1"
