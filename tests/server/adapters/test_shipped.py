"""The adapter that ships for a base: in force where nobody has chosen one, and only on the weights it was made for."""

import shutil
from pathlib import Path

import pytest
from tests.conftest import write_model
from tests.server.adapters.real_adapter import make_adapter

from finetab.adapters import shipped
from finetab.adapters.library import chosen
from finetab.adapters.shipped import shipped_adapter
from finetab.core.bases import FALLBACK_BASE, cache_folder
from finetab.settings import Settings


def test_a_base_as_it_comes_has_its_shipped_adapter_and_alone_has_none(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(base=FALLBACK_BASE)
    base = write_model(cache_folder() / FALLBACK_BASE, "llama")
    monkeypatch.setattr(shipped, "FOLDER", home / "shipped")
    assert shipped_adapter(FALLBACK_BASE) is None
    assert chosen(settings) == (base, None)
    made = make_adapter(base, home / "shipped" / FALLBACK_BASE, 1)
    assert shipped_adapter(FALLBACK_BASE) == made
    _, found = chosen(settings)
    assert found is not None
    assert found[0] == made
    assert chosen(Settings(base=FALLBACK_BASE, adapter="none")) == (base, None)
    assert shipped_adapter(str(base)) is None  # nothing ships for a folder
    shutil.rmtree(base)
    write_model(base, "llama", seed=1)
    assert chosen(settings) == (base, None)  # made for other weights
