"""A whole comparison of a small model, its trainings in this process; tests/e2e kills one that has processes."""

import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from rich.console import Console
from safetensors.torch import load_file, save_file
from tests.conftest import read_json

from finetab.errors import BadFile, BadInput, BadSetting, FinetabError
from finetab_training.compare import comparison as comparison_module
from finetab_training.compare import training
from finetab_training.compare.comparison import NO_PLOTS, compare
from finetab_training.compare.config import make_comparison
from finetab_training.config import RunConfig


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The trainings that were done, by their folders; those of the method `tokens` fail."""
    names: list[str] = []

    def in_this_process(work: Callable[..., None], *arguments: Any) -> None:
        (given,) = arguments
        if isinstance(given, RunConfig):
            if given.method == "tokens":
                raise FinetabError("It has no wings.")
            names.append(given.out.partition("/techniques/")[2].removesuffix("/adapter"))
        work(given)

    monkeypatch.setattr(training, "run_alone", in_this_process)
    monkeypatch.setattr(comparison_module, "run_alone", in_this_process)
    return names


def told(entries: dict[str, Any]) -> str:
    out = StringIO()
    compare(make_comparison(entries), Console(file=out, width=200))
    return out.getvalue()


def test_a_comparison_searches_trains_measures_and_does_only_what_is_new_the_next_time(
    entries: dict[str, Any], done: list[str]
) -> None:
    entries |= {"seeds": [1], "rates": [1, 30], "techniques": entries["techniques"] | {"tokens": {}}}
    said = told(entries)
    out = Path(entries["out"])
    made = read_json(out / "report.json")
    assert list(made["techniques"]) == ["lora", "vectors"]
    assert made["failed"] == {"tokens": "It has no wings."}
    assert "tokens failed: It has no wings." in said
    lora = made["techniques"]["lora"]
    best = min(lora["tries"], key=lambda each: float(each["loss"]))
    assert lora["learning_rate"] == pytest.approx(1.5e-4 * best["rate"])
    assert lora["edit_similarity"]["n"] == 2
    assert lora["parameters"] > made["techniques"]["vectors"]["parameters"] > 0
    assert not list(out.glob("techniques/*/search/*/adapter"))
    assert (out / "techniques" / "lora" / "seed-1" / "adapter" / "manifest.json").is_file()
    assert (out / "quality-seconds.svg").is_file()
    tried = {
        name: [f"{name}/search/{each['rate']:g}" for each in row["tries"]] for name, row in made["techniques"].items()
    }
    assert sorted(done) == sorted([*tried["lora"], *tried["vectors"], "lora/seed-1", "vectors/seed-1"])
    assert len(tried["lora"]) > 2  # of two rates the best one lies at an edge

    done.clear()
    told(entries)
    assert done == []  # nothing is new
    answers = out / "techniques" / "lora" / "seed-1" / "holes.jsonl"
    before = answers.read_bytes()
    del entries["techniques"]["tokens"]
    entries["techniques"]["vectors"]["learning_rate"] = 0.02
    told(entries)
    assert {name.partition("/")[0] for name in done} == {"vectors"}
    assert {"vectors/search/1", "vectors/search/30", "vectors/seed-1"} <= set(done)
    assert answers.read_bytes() == before
    begun = read_json(out / "comparison.json")
    begun["train"]["method"] = "full"  # a default that another machine has; techniques say their own
    (out / "comparison.json").write_text(json.dumps(begun))
    told(entries)
    entries["holes"] = 3
    entries["train"]["row_tokens"] = 301
    with pytest.raises(BadSetting, match=r"other values of train\.row_tokens, holes, so"):
        told(entries)


def test_a_base_whose_weights_were_replaced_is_another_one(entries: dict[str, Any], done: list[str]) -> None:
    entries |= {"seeds": [0], "techniques": {"lora": {"options": {"r": 2}}}}
    tiny = Path(entries["train"]["base"])
    base = shutil.copytree(tiny, Path(entries["out"]).with_name(tiny.name))
    entries["train"]["base"] = str(base)
    told(entries)
    (weights,) = base.glob("*.safetensors")
    save_file({name: 2 * weight for name, weight in load_file(weights).items()}, weights, {"format": "pt"})
    with pytest.raises(BadSetting, match=r"other values of the weights of train\.base, so"):
        told(entries)
    facts = Path(entries["out"]) / "material" / "facts.json"
    before = read_json(facts)
    assert len(before.pop("base_fingerprint")) == 64
    facts.write_text(json.dumps(before))  # as one that was begun by an earlier version
    told(entries | {"seeds": [1]})
    assert done == ["lora/seed-0", "lora/seed-1"]


def test_without_matplotlib_all_but_the_plots_is_there(
    entries: dict[str, Any], done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison_module, "find_spec", lambda _name: None)
    entries |= {"seeds": [0], "techniques": {"lora": {"options": {"r": 2}}}}
    said = told(entries)
    assert NO_PLOTS in said
    assert done == ["lora/seed-0"]
    assert "## Quality" in (Path(entries["out"]) / "report.md").read_text("utf-8")
    assert not list(Path(entries["out"]).glob("*.png"))


def test_where_nothing_can_be_trained_the_reason_is_told(entries: dict[str, Any], done: list[str]) -> None:
    with pytest.raises(BadInput, match="No technique could be trained: It has no wings"):
        told(entries | {"techniques": {"tokens": {}}})
    assert done == []


def test_a_folder_of_something_else_or_of_another_process_is_left_alone(entries: dict[str, Any]) -> None:
    out = Path(entries["out"])
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(BadFile, match="is no comparison"):
        told(entries)
    (out / "mine.txt").unlink()
    with FileLock(out / ".lock"), pytest.raises(BadInput, match="Another process compares"):
        told(entries)


def test_a_mistake_that_is_told_before_anything_is_made_can_be_mended(entries: dict[str, Any], done: list[str]) -> None:
    good = entries["train"] | {}
    for wrong, words in (({"data": "package:no_such_package"}, "no_such_package"), ({"base": "gema"}, "gema")):
        with pytest.raises(FinetabError, match=words):
            told(entries | {"train": good | wrong})
    told(entries | {"train": good})
    assert done
