"""The adapters of a folder, by their manifests."""

from dataclasses import replace
from pathlib import Path

from tests.server.adapters.test_library import put
from tests.server.core.test_manifest import MANIFEST

from finetab.adapters.listing import manifests_in
from finetab.core import manifest


def test_manifests_of_a_folder_leave_out_what_is_damaged_or_half_written(tmp_path: Path) -> None:
    put(tmp_path / "b")
    put(tmp_path / "a", replace(MANIFEST, name="first"))
    (put(tmp_path / "damaged") / manifest.FILE_NAME).write_text("{")
    (tmp_path / "empty").mkdir()
    put(tmp_path / ".hidden.building")
    assert [found.name for found in manifests_in(tmp_path)] == ["first", MANIFEST.name]
    assert manifests_in(tmp_path / "none") == []
