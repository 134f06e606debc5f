"""The base of these tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from finetab.core.base import Base, read_base


@pytest.fixture
def base(tiny: Callable[[str], Path]) -> Base:
    return read_base(str(tiny("gemma3_text")))
