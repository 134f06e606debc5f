"""The techniques of the form: each with its options, those of other packages by themselves."""

from pathlib import Path

import pytest
from tests.training.methods.test_registry import plugin

from finetab.errors import BadInput
from finetab_training.dashboard.reading.technique import Option, options_of, techniques
from finetab_training.methods.registry import METHODS

__all__ = ["plugin"]  # a fixture


def test_options_are_those_of_the_technique_itself() -> None:
    assert options_of("lora") == (Option("r", 16), Option("alpha", 32), Option("dropout", 0.0))
    assert options_of("full") == ()


@pytest.mark.parametrize("name", METHODS)
def test_every_technique_can_be_shown_as_a_form(name: str) -> None:
    assert all(type(option.default) in (bool, int, float, str) for option in options_of(name))
    assert techniques()[name]


def test_a_technique_of_another_package_is_there_by_itself(
    plugin: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(plugin))
    assert techniques()["bitfit"] == "brought by finetab_bitfit"
    assert options_of("bitfit") == ()
    with pytest.raises(BadInput, match="cannot be loaded"):
        options_of("broken")
