"""Run configs: layers, near matches, and every fault at once."""

from pathlib import Path
from typing import Any

import pytest

from finetab.errors import BadFile, BadSetting
from finetab_training.config import RunConfig, make_config, parse_override, read_config
from finetab_training.runs import open_run, run_of


def test_later_layers_go_before_earlier_ones() -> None:
    config = make_config({"seed": 1, "learning_rate": 1}, {"seed": 2})
    assert (config.seed, config.learning_rate) == (2, 1.0)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"learning_rat": 1.0}, 'did you mean "learning_rate"'),
        ({"max_steps": "ten"}, "max_steps must be of kind int, not 'ten'"),
        ({"seed": True}, "seed must be of kind int"),
        ({"form": "prefix"}, "form must be spm or psm"),
        ({"row_tokens": 100}, "need 773"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0, not nan"),
        ({"sentinel_learning_rate": -1e-3}, "sentinel_learning_rate must be a number above 0"),
        ({"sentinel_learning_rate": float("inf")}, "sentinel_learning_rate must be a number above 0, not inf"),
        ({"seed": -1}, "seed must be from 0 to 4294967295, not -1"),
        ({"seed": 2**32}, "not 4294967296"),
        ({"warmup_share": 1.0}, "warmup_share must be from 0 to below 1"),
        ({"warmup_share": -1}, "warmup_share must be from 0 to below 1"),
        ({"left_to_right_share": 1.5}, "between 0 and 1"),
        ({"held_out_share": 1.0}, "below 1"),
        ({"epochs": 0}, "at least 1"),
        ({"decay_steps": -1}, "decay_steps, held_out_rows and patience must be at least 0"),
    ],
)
def test_a_fault_is_a_sentence(raw: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        make_config(raw)


def test_all_faults_are_told_together() -> None:
    with pytest.raises(BadSetting, match=r"(?s)sed.*fom"):
        make_config({"sed": 1, "fom": 2})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("seed=3", ("seed", 3)), ("options={r=8}", ("options", {"r": 8})), ("base=smollm2-135m", ("base", "smollm2-135m")),
     ("a=b=c", ("a", "b=c"))],
)  # fmt: skip
def test_overrides_are_read_as_toml_or_text(text: str, expected: tuple[str, Any]) -> None:
    assert parse_override(text) == expected


def test_an_override_without_a_value_is_refused() -> None:
    with pytest.raises(BadSetting, match="key=value"):
        parse_override("seed")


def test_a_config_file_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('method = "lora"\n[options]\nr = 4\n')
    assert make_config(read_config(path)) == RunConfig(method="lora", options={"r": 4})
    path.write_text("method = ")
    with pytest.raises(BadFile, match="cannot be read"):
        read_config(path)


@pytest.mark.parametrize("out", [".", "/", "..", "a/.."])
def test_an_out_without_a_name_of_its_own_is_refused(out: str) -> None:
    with pytest.raises(BadFile, match=r"does not name a folder of its own"):
        run_of(make_config({"out": out}))


def test_a_run_s_folder_gives_its_config_back(tmp_path: Path) -> None:
    config = make_config({"data": "d", "out": str(tmp_path / "a"), "options": {"r": 4}, "learning_rate": 3e-4})
    run = run_of(config)
    assert not run.folder.exists()
    run.begin()
    assert open_run(run.folder).config == config
    assert run.last_checkpoint() is None
    with pytest.raises(BadFile, match="is no run folder"):
        open_run(tmp_path)
