"""Rolling back: to what is there still, over what is gone, and never to what cannot be loaded."""

from pathlib import Path

import pytest
from tests.server.adapters.test_library import put

from finetab.adapters.listing import library_folder
from finetab.adapters.rollback import Rollback, roll_back
from finetab.core import manifest
from finetab.core.pointer import Pointer, adapters_of, read_pointer, write_pointer
from finetab.errors import BadAdapter

pytestmark = pytest.mark.usefixtures("home")


def test_what_is_gone_or_damaged_is_passed_over_and_told(tmp_path: Path) -> None:
    put(adapters_of(tmp_path) / "one")
    (put(adapters_of(tmp_path) / "broken") / manifest.FILE_NAME).write_text("{")
    write_pointer(tmp_path, Pointer("last", ("base", "one", "gone", "broken", "one + gone")))
    moved = roll_back(tmp_path)
    assert moved == Rollback("last", "one", ("one + gone", "broken", "gone"))
    assert moved.passed_over == "No longer there, and passed over: one + gone, broken, gone."
    assert read_pointer(tmp_path) == Pointer("one", ("base",))
    assert roll_back(tmp_path) == Rollback("one", "base")
    assert roll_back(tmp_path) is None


def test_adapters_of_the_library_blends_and_folders_are_there(tmp_path: Path) -> None:
    put(library_folder() / "general")
    outside = put(tmp_path / "a + b")
    for before in ("general", "0.5*general + 0.5*general", str(outside)):
        write_pointer(tmp_path, Pointer("last", ("base", before)))
        assert roll_back(tmp_path) == Rollback("last", before)


def test_where_all_is_gone_it_says_so_and_moves_nothing(tmp_path: Path) -> None:
    write_pointer(tmp_path, Pointer("last", ("gone",)))
    with pytest.raises(BadAdapter, match="before last is there any more"):
        roll_back(tmp_path)
    assert read_pointer(tmp_path) == Pointer("last", ("gone",))
