"""Options of LoRA and QLoRA, and the registry."""

from typing import Any

import pytest

from finetab.errors import BadSetting, UnknownName
from finetab_training.methods.registry import METHODS, method_by_name


def test_options_come_with_their_defaults() -> None:
    assert method_by_name("qlora").options({"r": 8}) == {"r": 8, "alpha": 32, "dropout": 0.0}


@pytest.mark.parametrize(
    ("options", "words"),
    [({"rank": 8}, 'has no option "rank"'), ({"r": 0}, "from 1, not 0"), ({"alpha": "big"}, "from 1, not 'big'"),
     ({"r": 8.5}, "whole number from 1, not 8.5"), ({"alpha": True}, "not True"), ({"dropout": 1.5}, "not 1.5"),
     ({"dropout": True}, "below 1, not True"), ({"r": -1}, "from 1, not -1")],
)  # fmt: skip
@pytest.mark.parametrize("method", sorted(METHODS))
def test_bad_options_are_refused(method: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        method_by_name(method).options(options)


def test_an_unknown_method_offers_the_near_one() -> None:
    with pytest.raises(UnknownName, match='did you mean "qlora"'):
        method_by_name("qlor")
