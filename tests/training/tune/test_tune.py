"""A whole tune of a small repository with a small model: it goes on after a stop, promotes what passes, and no more."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from rich.console import Console
from tests.conftest import commit_all
from tests.training.tune.conftest import ADDED

from finetab.adapters.library import read_adapter
from finetab.core.pointer import read_pointer
from finetab.errors import BadFile, BadInput, BadSetting
from finetab_training.config import make_config
from finetab_training.evaluate.gate import Decision, Rule
from finetab_training.tune import tune as tune_module
from finetab_training.tune.plan import Plan, make_plan, state_of
from finetab_training.tune.tune import tune


def plan_for(root: Path, base: Path, **more: Any) -> Plan:
    config = make_config(
        {"base": str(base), "method": "lora", "options": {"r": 4}, "max_steps": 3, "held_out_rows": 0,
         "rows_per_step": 1, "prefix_tokens": 100, "suffix_tokens": 40, "max_middle_tokens": 40, "row_tokens": 300,
         "characters_per_sample": 60, **more}
    )  # fmt: skip
    return Plan(root, state_of(root), config, num_holes=4, retrieval_tokens=0)


def told(run: Callable[[Console], Any]) -> str:
    out = StringIO()
    run(Console(file=out, width=120))
    return out.getvalue()


def test_a_tune_measures_on_later_lines_and_leaves_a_report_and_a_decision(
    repository: Path, tiny: Callable[[str], Path]
) -> None:
    plan = plan_for(repository, tiny("llama"))
    said = told(lambda console: tune(plan, console))
    assert "lines written after the cut" in said
    _, manifest = read_adapter(str(plan.adapter))
    assert manifest.evaluation is not None
    decision = manifest.evaluation["decision"]
    assert [rule["name"] for rule in decision["rules"]] == [
        "gain over base-prefix", "gain over base-fim", "no loss elsewhere", "no slower", "no secrets",
        "enough to judge by",
    ]  # fmt: skip
    assert manifest.evaluation["own"]["adapter"]["n"] == 4
    report = plan.report.read_text("utf-8")
    assert "## The gate" in report
    assert "only large gains can be told from chance" in report
    middles = {json.loads(line)["middle"] for line in plan.answers("adapter").read_text("utf-8").splitlines()}
    assert middles
    assert all(any(middle.strip() in added for added in ADDED) for middle in middles), middles
    promoted = read_pointer(repository).adapter == plan.name
    assert promoted == decision["passes"]
    status = subprocess.run(["git", "-C", str(repository), "status", "--short"], check=True, capture_output=True)
    assert status.stdout == b""
    assert "Nothing is new" in told(lambda console: tune(plan, console))


def test_where_nothing_can_be_measured_on_that_is_told_before_training(
    repository: Path, tiny: Callable[[str], Path]
) -> None:
    first, second, *_ = sorted(repository.glob("*.py"))
    copied = "".join(second.read_text("utf-8").splitlines(keepends=True)[2:6])
    # Much like training text of another file.
    planted = copied.replace("circle", "circles")
    assert planted != copied
    first.write_text(first.read_text("utf-8") + "\n\n" + planted, "utf-8")
    commit_all(repository, "three", "2026-03-01T12:00:00+00:00")
    plan = replace(plan_for(repository, tiny("llama"), cut="HEAD~1"), num_holes=40)
    with pytest.raises(BadFile, match=r"No hole can be cut .* nothing was written after the cut"):
        told(lambda console: tune(plan, console))
    assert not plan.adapter.with_name(f"{plan.name}.run").exists()


def test_a_folder_that_another_process_tunes_is_left_alone(repository: Path, tiny: Callable[[str], Path]) -> None:
    plan, later = plan_for(repository, tiny("llama")), plan_for(repository, tiny("llama"), seed=1)
    plan.lock.parent.mkdir(parents=True)
    with FileLock(plan.lock), pytest.raises(BadInput, match=f"Another process tunes {repository}"):
        told(lambda console: tune(later, console))
    assert not later.folder.exists()


@pytest.mark.parametrize(("passes", "force"), [(True, False), (False, False), (False, True)])
def test_what_passes_is_promoted_and_else_only_what_is_forced_and_that_is_recorded(
    passes: bool, force: bool, repository: Path, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = Decision((Rule("gain over base-prefix", passes, "as the test says"),))
    monkeypatch.setattr(tune_module, "decide", lambda *_arguments: decision)
    plan = plan_for(repository, tiny("llama"))
    said = told(lambda console: tune(plan, console, force=force))
    assert (read_pointer(repository).adapter == plan.name) == (passes or force)
    assert ("Not promoted: gain over base-prefix" in said) == (not passes)
    _, manifest = read_adapter(str(plan.adapter))
    assert manifest.evaluation is not None
    assert manifest.evaluation["decision"]["forced"] == force
    if passes:  # the next tune is measured against what is in force
        later = replace(plan, config=replace(plan.config, seed=1))
        told(lambda console: tune(later, console))
        _, manifest = read_adapter(str(later.adapter))
        assert manifest.evaluation is not None
        assert "in-force" in manifest.evaluation["own"]


def test_a_tune_that_was_stopped_while_measuring_goes_on_where_it_was(
    repository: Path, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(repository, tiny("llama"))

    def stop(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(tune_module, "memorised", stop)
    with pytest.raises(KeyboardInterrupt):
        told(lambda console: tune(plan, console))
    whole = plan.answers("adapter").read_bytes()
    plan.answers("adapter").write_bytes(whole[:-20])  # killed in the middle of a line
    others = plan.answers("base-fim").stat().st_mtime_ns
    monkeypatch.undo()
    told(lambda console: tune(plan, console))
    assert plan.answers("base-fim").stat().st_mtime_ns == others
    lines, again = whole.splitlines(), plan.answers("adapter").read_bytes().splitlines()
    assert again[:-1] == lines[:-1]
    assert json.loads(again[-1])["output"] == json.loads(lines[-1])["output"]


def test_the_name_of_a_tune_follows_what_decides_its_outcome(repository: Path, tiny: Callable[[str], Path]) -> None:
    plan = plan_for(repository, tiny("llama"))
    assert plan_for(repository, tiny("llama")).name == plan.name
    assert plan_for(repository, tiny("llama"), seed=1).name != plan.name
    (repository / "more.py").write_text("x = 1\n")
    commit_all(repository, "three", "2026-03-01T12:00:00+00:00")
    assert plan_for(repository, tiny("llama")).name != plan.name


def test_a_folder_without_history_is_known_by_what_it_holds(project: Path) -> None:
    before = state_of(project)
    assert state_of(project) == before
    (project / ".finetab").mkdir()
    (project / ".finetab" / "examined.sqlite").write_text("what a tune leaves")
    assert state_of(project) == before
    (project / "more.py").write_text("x = 1\n")
    assert state_of(project) != before


def test_a_plan_takes_what_it_is_told_and_lora_on_a_cpu(project: Path) -> None:
    plan = make_plan(project, {"seed": 1}, {"holes": 7, "seed": 2})
    assert (plan.num_holes, plan.config.seed) == (7, 2)
    assert plan.config.method == ("qlora" if torch.cuda.is_available() else "lora")
    (project / "finetab.toml").write_text('[tune]\nmethod = "dora"\nretrieval = 0\n')
    assert (make_plan(project).config.method, make_plan(project).retrieval_tokens) == ("dora", 0)
    with pytest.raises(BadSetting, match="holes must be a number"):
        make_plan(project, {"holes": "many"})


def test_a_plan_is_for_the_folder_s_base(project: Path) -> None:
    assert make_plan(project).config.base == "default"
    (project / "finetab.toml").write_text('base = "smollm2-135m"\n')
    assert make_plan(project).config.base == "smollm2-135m"
    assert make_plan(project, {"base": "default"}).config.base == "default"


def test_a_fault_in_the_folder_s_settings_is_no_plan_for_another_base(project: Path) -> None:
    (project / "finetab.toml").write_text('bsae = "smollm2-135m"\n')
    with pytest.raises(BadSetting, match='did you mean "base"'):
        make_plan(project, {"base": "default"})
