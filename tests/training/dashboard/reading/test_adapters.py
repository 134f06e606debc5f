"""Which adapters can be tried in a folder."""

import shutil
from pathlib import Path

from finetab.adapters.listing import library_folder
from finetab_training.dashboard.reading.adapters import find_adapters
from finetab_training.tune.plan import Plan


def test_those_of_runs_and_of_the_library_are_each_there_once(tuned: Plan, home: Path) -> None:
    shutil.copytree(tuned.adapter, library_folder() / "mine")
    (library_folder() / "half").mkdir()
    found = find_adapters(tuned.root)
    assert [adapter.folder for adapter in found] == [tuned.adapter, library_folder() / "mine"]
    assert found[0].label.startswith(f"{tuned.name}@")
    assert home in library_folder().parents


def test_a_damaged_manifest_is_passed_over(tmp_path: Path, home: Path) -> None:
    damaged = home / "data" / "finetab" / "adapters" / "damaged"
    damaged.mkdir(parents=True)
    (damaged / "manifest.json").write_text("{")
    assert find_adapters(tmp_path) == []
