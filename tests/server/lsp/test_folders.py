"""Folders of a workspace: whose settings a file gets, and what becomes of models when folders come and go."""

from dataclasses import replace
from pathlib import Path

from tests.server.adapters.test_library import put
from tests.server.core.test_manifest import MANIFEST
from tests.server.lsp.test_loading import Loader

from finetab.core.pointer import Pointer, adapters_of, write_pointer
from finetab.lsp.folders import Folders
from finetab.settings import Settings


def opened(*roots: Path) -> Folders:
    folders = Folders(Loader())
    folders.change([root.as_uri() for root in roots], [])
    return folders


def test_a_file_belongs_to_the_innermost_folder_and_else_to_the_first(tmp_path: Path) -> None:
    outer, inner, other = tmp_path / "a", tmp_path / "a" / "b", tmp_path / "c# 1"
    folders = opened(outer, inner, other)
    assert folders.of(str(inner / "x.py")).root == inner
    assert folders.of(str(outer / "bb" / "x.py")).root == outer
    assert folders.of(str(other / "deep" / "x.py")).root == other
    assert folders.of("/elsewhere/x.py").root == outer
    assert folders.of("untitled:Untitled-1").root == outer


def test_without_folders_there_is_one_without_a_place(tmp_path: Path) -> None:
    folders = Folders(Loader())
    assert [folder.root for folder in folders] == [None]
    folders.change([tmp_path.as_uri()], [])
    assert [folder.root for folder in folders] == [tmp_path]
    folders.change([], [tmp_path.as_uri()])
    assert [folder.root for folder in folders] == [None]


def test_what_the_editor_has_sent_for_all_counts_in_folders_to_come_and_what_it_takes_back_is_gone(
    tmp_path: Path,
) -> None:
    folders = opened(tmp_path / "a")
    folders.ask({"adapter": "none", "maxNewTokens": 7})
    folders.ask({"adapter": "none"})
    folders.change([(tmp_path / "b").as_uri()], [])
    for folder in folders:
        assert folder.read({}) == []
        assert (folder.settings.adapter, folder.settings.max_new_tokens) == ("none", Settings().max_new_tokens)


def test_a_folder_that_stays_keeps_its_model_when_others_come_and_go(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    folders = opened(one)
    kept = folders.main
    folders.change([two.as_uri(), one.as_uri()], [])
    assert [folder.root for folder in folders] == [one, two]
    assert folders.main is kept
    gone = folders.of(str(two / "x.py"))
    folders.change([], [two.as_uri()])
    assert not gone.holder.want(Settings(base="anything"))  # it has been closed
    assert kept.holder.want(Settings(base="anything"))


def test_the_editor_goes_before_the_folder_s_file_and_that_before_what_was_promoted(tmp_path: Path) -> None:
    folder = opened(tmp_path).main
    assert folder.read({}) == []
    assert folder.settings == Settings()
    promoted = put(adapters_of(tmp_path) / "promoted")
    write_pointer(tmp_path, Pointer("promoted"))
    assert folder.stamp() != folder.seen
    folder.read({})
    assert (folder.settings.base, folder.settings.adapter) == (MANIFEST.base_name, str(promoted))
    folder.read({"base": "mine"})
    assert folder.settings.base == "mine"
    assert folder.stamp() == folder.seen
    (tmp_path / "finetab.toml").write_text('adapter = "from-file"\n')
    assert folder.stamp() != folder.seen
    folder.read({})
    assert folder.settings.adapter == "from-file"
    folder.asked = {"adapter": "base"}
    folder.read({"adapter": "from-options"})
    assert folder.settings.adapter == "base"


def test_faults_of_all_layers_are_told(tmp_path: Path) -> None:
    folder = opened(tmp_path).main
    (tmp_path / ".finetab").mkdir()
    (tmp_path / ".finetab" / "in-force.json").write_text("{")
    (tmp_path / "finetab.toml").write_text("x = 1\n")
    folder.asked = {"z": 1}
    faults = folder.read({"y": 1})
    assert len(faults) == 4
    assert "promote the adapter again" in faults[0]
    assert [name in fault for name, fault in zip("xyz", faults[1:], strict=True)] == [True] * 3


def test_who_is_compared_with_what_is_in_force_is_asked_in_the_same_way(tmp_path: Path) -> None:
    folder = opened(tmp_path).main
    write_pointer(tmp_path, Pointer("one", against="two", since=1.0))
    folder.read({"maxNewTokens": 7})
    assert folder.against == replace(folder.settings, adapter="two")
    assert folder.settings.max_new_tokens == 7
    folder.read({"adapter": "named"})  # then what is promoted is not in force, and nothing is compared
    assert folder.against is None
    (tmp_path / "finetab.toml").write_text('adapter = "named"\n')
    folder.read({})
    assert (folder.settings.adapter, folder.against) == ("named", None)
    (tmp_path / "finetab.toml").write_text('adapter = "one"\n')  # the same, so it is in force
    folder.read({})
    assert folder.against is not None


def test_the_place_of_no_folder_is_closed_when_there_is_one(tmp_path: Path) -> None:
    folders = Folders(Loader())
    nowhere = folders.main
    folders.change([tmp_path.as_uri()], [])
    assert not nowhere.holder.want(Settings(base="anything"))


def test_an_editor_names_adapters_and_paths_as_the_folder_has_them(tmp_path: Path) -> None:
    mine, base = put(adapters_of(tmp_path) / "mine"), tmp_path / "weights"
    base.mkdir()
    folder = opened(tmp_path).main
    assert folder.read({"adapter": "mine", "base": "weights"}) == []
    assert (folder.settings.adapter, folder.settings.base) == (str(mine), str(base))
    folder.asked = {"adapter": "none"}
    folder.read({"adapter": "mine"})
    assert folder.settings.adapter == "none"
