"""The registry: names, near matches, refusals, options, and techniques that other packages bring."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from finetab.errors import BadInput, BadSetting, UnknownName
from finetab_training.methods.registry import METHODS, REFUSED, check_method, method_by_name

WITH_RANK = sorted(set(METHODS) - {"ia3", "tokens", "full"})


def test_options_come_with_their_defaults() -> None:
    assert method_by_name("qlora").options({"r": 8}) == {"r": 8, "alpha": 32, "dropout": 0.0}
    assert method_by_name("full").options({}) == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [({"rank": 8}, 'has no option "rank"'), ({"r": 0}, "from 1, not 0"), ({"r": 8.5}, "whole number from 1, not 8.5"),
     ({"r": True}, "not True"), ({"dropout": 1.5}, "from 0 to 1, not 1.5"), ({"dropout": "x"}, "not 'x'")],
)  # fmt: skip
@pytest.mark.parametrize("method", WITH_RANK)
def test_bad_options_are_refused(method: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        method_by_name(method).options(options)


@pytest.mark.parametrize("method", ["ia3", "tokens", "full"])
def test_a_technique_without_options_says_so(method: str) -> None:
    with pytest.raises(BadSetting, match=f'The method {method} has no option "r"; it has none'):
        method_by_name(method).options({"r": 1})


def test_an_unknown_method_offers_the_near_one() -> None:
    with pytest.raises(UnknownName, match='did you mean "qlora"'):
        method_by_name("qlor")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_technique_that_could_not_be_served_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(BadInput, match="could not be served; use lora"):
        check_method(name)


PLUGIN = '''
"""A technique of another package: biases alone (BitFit, arXiv 2106.10199)."""
from functools import partial
from peft import LoraConfig, get_peft_model
from finetab_training.methods.base import Tuned
from finetab_training.methods.saving import save_peft

class BitFit:
    quantisation = "none"

    def options(self, given):
        return dict(given)

    def apply(self, target, options):
        config = LoraConfig(r=1, target_modules="all-linear", bias="all", task_type=target.task)
        model = get_peft_model(target.model, config)
        return Tuned(model, partial(save_peft, model))

BITFIT = BitFit()
'''
METADATA = "Metadata-Version: 2.1\nName: finetab-bitfit\nVersion: 0.1\n"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The folder of an installed package, as an installer leaves it."""
    site = tmp_path / "site"
    info = site / "finetab_bitfit-0.1.dist-info"
    info.mkdir(parents=True)
    (site / "finetab_bitfit.py").write_text(PLUGIN)
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text("[finetab.methods]\nbitfit = finetab_bitfit:BITFIT\nbroken = no_such:X\n")
    return site


def test_a_package_brings_a_technique_and_it_trains(plugin: Path, project: Path, tiny: Any, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "finetab"]
    env = os.environ | {"PYTHONPATH": str(plugin)}
    sizes = ["row_tokens=600", "prefix_tokens=200", "suffix_tokens=100", "max_middle_tokens=100"]
    train = ["train", "--data", str(project), "--out", "out", "--base", str(tiny("llama")), "--max-steps", "2"]
    options = [f"--set={size}" for size in sizes]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    listed = run("methods")
    assert "bitfit" in listed.stdout
    done = run(*train, *options, "--method", "bitfit")
    assert done.returncode == 0, done.stderr
    assert '"method": "bitfit"' in (tmp_path / "out" / "manifest.json").read_text()
    completed = run("complete", "project/shapes_0.py:4:10", "--adapter", "out")
    assert completed.returncode == 0, completed.stderr
    broken = run(*train, *options, "--method", "broken")
    assert broken.returncode == 2
    assert 'The method "broken" (no_such:X) cannot be loaded' in broken.stderr
