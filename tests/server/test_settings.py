"""Settings: defaults, both spellings, and every fault told at once."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from finetab.core.pointer import adapters_of
from finetab.errors import BadSetting
from finetab.settings import FILE_NAME, Settings, checked_settings, parse_settings, read_settings


def test_editors_may_write_camel_case() -> None:
    settings, faults = parse_settings({"maxNewTokens": 32, "adapter": "mine", "prefix-tokens": 100})
    assert settings == Settings(max_new_tokens=32, adapter="mine", prefix_tokens=100)
    assert not faults


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"adaptor": "x"}, 'Unknown setting "adaptor"; did you mean "adapter"?'),
        ({"maxNewTokens": "many"}, "must be a number from 1, not 'many'"),
        ({"max_new_tokens": True}, "must be a number from 1, not True"),
        ({"max_new_tokens": 0}, "must be a number from 1, not 0"),
        ({"prefix_tokens": -1}, "must be a number from 0, not -1"),
        ({"max_new_tokens": -1}, "must be a number from 1, not -1"),
        ({"form": "spn"}, "must be one of: auto, spm, psm, prefix"),
        ({"base": 3}, "must be text, not 3"),
        ({"statistics": "no"}, "must be true or false, not 'no'; True is used"),
        ({"engine": "gpu.example.org"}, "but must be own, shared, or an address"),
        ({"engine": 3}, "must be text, not 3"),
        ({"statistics": 0}, "must be true or false, not 0"),
    ],
)
def test_a_fault_is_a_sentence_and_the_default_stays(raw: dict[str, object], words: str) -> None:
    settings, faults = parse_settings(raw)
    assert settings == Settings()
    assert words in faults[0]


def test_statistics_can_be_switched_off_which_is_no_reason_to_load_the_model_again() -> None:
    settings, faults = parse_settings({"statistics": False})
    assert not faults
    assert not settings.statistics
    assert settings == Settings()


def test_all_faults_are_told_together() -> None:
    with pytest.raises(BadSetting, match=r"bse.*fom"):
        checked_settings({"bse": "x", "fom": "y"})


def test_a_file_is_read_and_its_faults_name_it(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == (Settings(), [])
    path = tmp_path / "finetab.toml"
    path.write_text('base = "smollm2-135m"\nadaptr = "x"\n')
    settings, faults = read_settings(tmp_path)
    assert settings.base == "smollm2-135m"
    assert faults[0].startswith(str(path))
    (tmp_path / "mine").mkdir()
    path.write_text('adapter = "mine"\n')
    assert read_settings(tmp_path)[0].adapter == str(tmp_path / "mine")
    path.write_text("base = ")
    assert "cannot be read" in read_settings(tmp_path)[1][0]


def test_a_tune_table_is_for_training_and_anything_else_of_its_name_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text('[tune]\nmethod = "dora"\n')
    assert read_settings(tmp_path) == (Settings(), [])
    path.write_text("tune = 3\n")
    assert read_settings(tmp_path)[1] == [f"{path}: [tune] must be a table, not 3."]


def test_paths_in_the_file_are_meant_from_where_it_stands_and_names_stay_names(tmp_path: Path) -> None:
    for name in ("base", "default", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "model.gguf").write_bytes(b"")
    path = tmp_path / "finetab.toml"
    path.write_text('base = "default"\n')
    assert read_settings(tmp_path)[0] == Settings()
    path.write_text('base = "model.gguf"\nadapter = "./base"\n')
    settings = read_settings(tmp_path)[0]
    assert (settings.base, settings.adapter) == (str(tmp_path / "model.gguf"), str(tmp_path / "base"))


def test_every_setting_and_its_default_stand_in_the_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    for name, default in asdict(Settings()).items():
        assert f"| `{name}` | `{json.dumps(default)}` |" in page


def test_a_blend_of_the_file_names_adapters_from_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    own = adapters_of(tmp_path) / "mine"
    own.mkdir(parents=True)
    (tmp_path / FILE_NAME).write_text('adapter = "0.5*mine + 0.25*near + 0.25*python"\n')
    assert read_settings(tmp_path)[0].adapter == f"0.5*{own} + 0.25*{tmp_path / 'near'} + 0.25*python"
    (tmp_path / FILE_NAME).write_text('adapter = "mine + "\n')
    assert read_settings(tmp_path)[0].adapter == "mine + "  # who loads it says what is wrong
