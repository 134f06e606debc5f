"""`finetab adapters`, `promote`, `rollback` as a user types them: what is put in force, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.server.adapters.real_adapter import make_adapter
from tests.server.adapters.test_library import put
from tests.server.core.test_manifest import MANIFEST
from typer.testing import CliRunner, Result

from finetab.adapters.listing import library_folder
from finetab.adapters_cli import add_commands
from finetab.core import manifest
from finetab.core.bases import DEFAULT_BASE
from finetab.core.pointer import Pointer, adapters_of, read_pointer, write_pointer
from finetab.errors import FinetabError
from finetab.settings import read_settings

pytestmark = pytest.mark.usefixtures("home")
PASSED: dict[str, Any] = {"decision": {"passes": True, "forced": False, "rules": []}}
FAILED: dict[str, Any] = {"decision": {"passes": False, "forced": False, "rules": []}}


def run(folder: Path, *arguments: str) -> Result:
    app = typer.Typer()
    add_commands(app)
    return CliRunner().invoke(app, [*arguments, "--folder", str(folder)])


def make(folder: Path, name: str, evaluation: dict[str, Any] | None = None) -> Path:
    return put(adapters_of(folder) / name, replace(MANIFEST, name=name, evaluation=evaluation))


def words(result: Result) -> str:
    assert isinstance(result.exception, FinetabError), result
    return str(result.exception)


def test_adapters_are_put_in_force_and_rolled_back_one_after_the_other(tmp_path: Path) -> None:
    make(tmp_path, "one", PASSED)
    make(tmp_path, "two", PASSED)
    assert "running editors follow" in run(tmp_path, "promote", "one").output
    run(tmp_path, "adapters", "use", "two")
    assert read_pointer(tmp_path) == Pointer("two", ("base", "one"))
    assert "one is in force" in run(tmp_path, "rollback").output
    assert "base is in force" in run(tmp_path, "adapters", "rollback").output
    assert "Nothing was in force" in words(run(tmp_path, "rollback"))


@pytest.mark.parametrize(("evaluation", "gate"), [(FAILED, "failed"), (None, "not asked")])
def test_what_the_gate_did_not_let_pass_is_not_promoted_but_by_force(
    evaluation: dict[str, Any] | None, gate: str, tmp_path: Path
) -> None:
    make(tmp_path, "one", evaluation)
    refused = words(run(tmp_path, "promote", "one"))
    assert f"its gate says {gate}" in refused
    assert "--force" in refused
    assert read_pointer(tmp_path).adapter == "base"
    run(tmp_path, "promote", "one", "--force")
    assert read_pointer(tmp_path).adapter == "one"


def test_the_list_has_those_of_the_folder_and_of_the_machine_and_marks_what_is_in_force(tmp_path: Path) -> None:
    make(tmp_path, "ours", PASSED)
    put(library_folder() / "general", replace(MANIFEST, name="general"))
    run(tmp_path, "promote", "ours")
    lines = run(tmp_path, "adapters", "list").output.splitlines()
    assert any(line.startswith(" * ") and "ours@" in line and "passed" in line for line in lines)
    assert any("general@" in line and "not asked" in line for line in lines)
    assert json.loads(run(tmp_path, "adapters", "show", "ours").output)["name"] == "ours"


def test_removing_spares_what_is_in_force_and_what_is_no_adapter(tmp_path: Path) -> None:
    folder = make(tmp_path, "one", PASSED)
    run(tmp_path, "promote", "one")
    assert "is in force" in words(run(tmp_path, "adapters", "remove", "one"))
    run(tmp_path, "rollback")
    run(tmp_path, "adapters", "remove", "one")
    assert not folder.exists()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "precious.txt").write_text("x")
    assert "is no adapter" in words(run(tmp_path, "adapters", "remove", str(tmp_path / "work")))
    assert (tmp_path / "work" / "precious.txt").exists()


def test_a_path_is_put_in_force_from_wherever_a_server_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = put(tmp_path / "desk" / "mine", replace(MANIFEST, name="mine"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    run(tmp_path / "project", "adapters", "use", "mine")
    monkeypatch.chdir(tmp_path)
    assert read_settings(tmp_path / "project")[0].adapter == str(outside)
    assert "is in force" in words(run(tmp_path / "project", "adapters", "remove", "desk/mine"))


def test_removing_spares_what_is_in_force_or_compared_by_whatever_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [make(tmp_path, "one"), make(tmp_path, "two"), put(library_folder() / "three")]
    monkeypatch.chdir(tmp_path)
    write_pointer(tmp_path, Pointer("./.finetab/adapters/one", ("base",), str(folders[2]), 1.0))
    assert "finetab rollback first" in words(run(tmp_path, "adapters", "remove", "one"))
    assert "finetab ab stop first" in words(run(tmp_path, "adapters", "remove", "three"))
    assert "passes over" not in run(tmp_path, "adapters", "remove", ".finetab/adapters/two").output
    assert [folder.exists() for folder in folders] == [True, False, True]


def test_rolling_back_passes_over_what_was_removed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make(tmp_path, name)
        run(tmp_path, "adapters", "use", name)
    assert "finetab rollback passes over it" in run(tmp_path, "adapters", "remove", "one").output
    told = run(tmp_path, "rollback").output
    assert "base is in force" in told
    assert "passed over: one." in told
    assert read_pointer(tmp_path) == Pointer()


def test_several_of_the_folder_s_adapters_are_put_in_force_together(
    tmp_path: Path, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    one, two = (make_adapter(tiny("llama"), adapters_of(tmp_path) / f"of-{seed}", seed) for seed in (1, 2))
    assert "not asked" in words(run(tmp_path, "promote", "of-1 + of-2"))
    run(tmp_path, "adapters", "use", "of-1 + of-2")
    settings, faults = read_settings(tmp_path)
    assert (settings.adapter, faults) == (f"{one} + {two}", [])
    assert settings.base == manifest.read(one).base_name
    assert run(tmp_path, "adapters", "list").output.count("*") == 2
    assert "is in force" in words(run(tmp_path, "adapters", "remove", "of-1"))
    assert two.is_dir()


def test_a_wrong_name_and_a_wrong_folder_are_told(tmp_path: Path) -> None:
    make(tmp_path, "mine", PASSED)
    assert 'There is no adapter "mien"' in words(run(tmp_path, "adapters", "use", "mien"))
    assert "There is no folder" in words(run(tmp_path / "nowhere", "adapters", "use", "base"))


def test_the_base_s_two_names_are_told_apart_from_adapters(tmp_path: Path) -> None:
    assert "finetab adapters use base" in words(run(tmp_path, "promote", "base"))
    assert "without any adapter" in words(run(tmp_path, "adapters", "show", "none"))
    assert json.loads(run(tmp_path, "adapters", "show", "base").output)["base_name"] == DEFAULT_BASE


def test_where_the_folder_s_file_names_another_adapter_it_is_told_that_this_one_goes_first(tmp_path: Path) -> None:
    make(tmp_path, "one", PASSED)
    (tmp_path / "finetab.toml").write_text('adapter = "none"\n')
    for command in (["promote", "one"], ["adapters", "list"], ["ab", "start"], ["rollback"]):
        assert "goes first: take that line out" in run(tmp_path, *command).output
    assert read_settings(tmp_path)[0].adapter == "none"
    (tmp_path / "finetab.toml").write_text('adapter = "one"\n')
    assert "goes first" not in run(tmp_path, "promote", "one").output


@pytest.mark.parametrize("command", [["adapters", "list"], ["rollback"], ["ab", "start", "none"]])
def test_what_is_no_folder_is_no_workspace(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "a.py").write_text("")
    assert "is a file" in words(run(tmp_path / "a.py", *command))
    assert "There is no folder" in words(run(tmp_path / "nowhere", *command))
    assert not (tmp_path / "nowhere").exists()


def test_the_home_folder_is_known_in_the_folder_s_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work").mkdir()
    assert run(Path("~/work"), "adapters", "use", "none").exit_code == 0
    assert read_pointer(tmp_path / "work").adapter == "none"
