"""The ways of answering: which one is served while nothing is promoted follows what the base knows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from finetab.core.fim import TAUGHT
from finetab_training.tune.arms import served_now


@pytest.mark.parametrize(("forms", "served"), [([], "base-prefix"), (["psm"], "base-fim"), (["spm"], "base-fim")])
def test_a_base_that_knows_fim_is_served_in_its_form(
    forms: list[str], served: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for file in tiny("gemma3_text").iterdir():
        (base / file.name).symlink_to(file)
    config = json.loads((base / "config.json").read_text("utf-8"))
    (base / "config.json").unlink()
    (base / "config.json").write_text(json.dumps(config | {TAUGHT: {"family": "gemma3", "forms": forms}}))
    assert served_now("base", str(base)) == served
    assert served_now("somebody", str(base)) == "in-force"
