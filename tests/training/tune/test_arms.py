"""The ways of answering: which one is served while nothing is promoted follows what the base knows."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import write_model
from tests.server.adapters.real_adapter import make_adapter

from finetab.adapters import shipped
from finetab.adapters.library import read_adapter
from finetab.assemble import Loader
from finetab.core import manifest
from finetab.core.bases import FALLBACK_BASE, cache_folder
from finetab.core.fim import TAUGHT
from finetab.settings import Settings
from finetab_training.data.hole import Hole
from finetab_training.tune.arms import Arm, answered, arms_of, served_now


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


def test_a_base_that_comes_with_an_adapter_is_what_is_in_force(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = write_model(cache_folder() / FALLBACK_BASE, "llama")
    candidate = make_adapter(base, home / "candidate", 2)
    described = replace(read_adapter(str(candidate))[1], base_name=FALLBACK_BASE)
    manifest.write(candidate, described)
    monkeypatch.setattr(shipped, "FOLDER", home / "shipped")

    def names(in_force: str) -> list[str]:
        return [arm.name for arm in arms_of(Settings(), candidate, in_force, 0)]

    assert names("base") == ["base-prefix", "base-fim", "adapter"]
    make_adapter(base, home / "shipped" / FALLBACK_BASE, 1)
    assert names("base") == ["base-prefix", "base-fim", "adapter", "in-force"]
    assert served_now("base", FALLBACK_BASE) == "in-force"
    assert names("none") == ["base-prefix", "base-fim", "adapter"]
    bare = next(arm for arm in arms_of(Settings(), candidate, "base", 0) if arm.name == "base-fim")
    assert bare.settings.adapter == "none"  # what is compared with is the base alone


def test_answers_of_what_was_in_force_before_are_not_those_of_what_is_now(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base, path = tiny("llama"), tmp_path / "in-force.jsonl"
    holes = [Hole("a.py", "python", f"x{index} = ", "\n", "1", "line") for index in range(3)]
    settings = Settings(base=str(base), form="prefix", max_new_tokens=4)
    worked_out: list[int] = []

    def answers(adapter: Path) -> list[str]:
        arm = Arm("in-force", replace(settings, adapter=str(adapter)))
        counts: list[int] = []
        found = answered(arm, holes, path, Loader(), counts.append)
        worked_out.append(counts[1:].count(1))  # the first one counts those that are there already
        return [result.output for result in found]

    one, two = (make_adapter(base, tmp_path / name, seed) for seed, name in enumerate(("one", "two"), 1))
    first = answers(one)
    assert answers(one) == first
    assert answers(two) != first
    assert worked_out == [3, 0, 3]
