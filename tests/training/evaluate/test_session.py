"""An evaluation from its command: a benchmark, a simulated person, a system without a sandbox."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from tests.training.evaluate.test_sandbox import make
from tests.training.train.test_run import config_for, trained
from tests.training.tune.conftest import two_commits

from finetab.adapters.library import read_adapter
from finetab.errors import NoSandbox
from finetab.settings import Settings
from finetab_training.data.corpus import Recipe
from finetab_training.data.dataset import read_dataset, write_dataset
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.trained import Trained
from finetab_training.evaluate import session
from finetab_training.evaluate.scores import METRICS
from finetab_training.evaluate.session import measure, show
from finetab_training.runs import run_of


def settings_for(base: Path, adapter: Path | None = None) -> Settings:
    """A tiny model's, with short answers."""
    small = Settings(max_new_tokens=4, prefix_tokens=100, suffix_tokens=40)
    return replace(small, base=str(base), adapter=str(adapter or "base"))


def test_a_benchmark_is_measured_by_running_its_checks_and_kept_as_a_holes_file(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    make()
    settings, kept = settings_for(tiny("llama")), tmp_path / "holes.jsonl"
    cut, made = measure(settings, benchmark="humaneval-single-line", limit=3, typing=True, save_holes=kept)
    for arm in ("base-prefix", "base-fim"):
        assert made["arms"][arm]["pass_at_1"]["n"] == made["arms"][arm]["saved"]["n"] == 3
    assert read_holes(kept) == cut.holes
    again = measure(settings, holes_file=kept, limit=3)[1]
    assert again["pass_at_1"] == made["pass_at_1"]
    assert "saved" not in again
    printed = Console(width=80, record=True)
    show(made, 0, printed)
    text = printed.export_text()
    for name in ("exact_match", "edit_similarity", "pass_at_1", "first_line", "saved", "end_token", "empty_wrong"):
        assert METRICS[name].label in text
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_of_a_long_holes_file_the_seed_draws_some(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    kept = tmp_path / "holes.jsonl"
    holes = [Hole(f"{number}.py", "python", "x = ", "\n", f"{number} + y_{number}") for number in range(40)]
    write_holes(kept, holes)

    def drawn(limit: int, seed: int = 0) -> list[int]:
        cut = measure(settings_for(tiny("llama")), holes_file=kept, limit=limit, seed=seed)[0]
        return [int(hole.path.removesuffix(".py")) for hole in cut.holes]

    assert drawn(4) == drawn(4)
    assert drawn(4) != drawn(4, seed=1)
    assert max(drawn(4)) >= 4, "not those that stand first"
    assert drawn(40) == list(range(40))


def test_without_a_sandbox_everything_else_is_measured(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise NoSandbox("Nothing here can hold it.")

    monkeypatch.setattr(session, "open_sandbox", refuse)
    printed = Console(record=True)
    _, made = measure(settings_for(tiny("llama")), benchmark="humaneval-single-line", limit=2, console=printed)
    assert "No pass@1: Nothing here can hold it." in printed.export_text()
    assert "pass_at_1" not in made
    assert made["exact_match"]["n"] == 2


def test_a_benchmark_leaves_an_adapters_manifest_alone_and_its_own_code_by_kind_does_not(
    tiny: Callable[[str], Path], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1)))
    monkeypatch.setattr(session, "open_sandbox", lambda: None)
    settings = settings_for(tiny("llama"), adapter)
    measure(settings, benchmark="humaneval-multi-line", limit=1)
    assert read_adapter(str(adapter))[1].evaluation is None
    (project / "new.py").write_text("def volume(width, height):\n    base = width * height\n    return base + 12345\n")
    _, made = measure(settings, data=str(project), limit=8)
    evaluation = read_adapter(str(adapter))[1].evaluation
    assert evaluation is not None
    assert len(evaluation["by_kind"]) >= 3
    assert sum(part["n"] for part in evaluation["by_kind"].values()) == made["n"] == 8
    printed = Console(width=80, record=True)
    show(made, 0, printed)
    text = printed.export_text()
    assert all(kind in text for kind in evaluation["by_kind"])


def test_the_report_is_plain_data(tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "open_sandbox", lambda: None)
    _, made = measure(settings_for(tiny("llama")), benchmark="humaneval-random-span", limit=1, typing=True)
    assert json.loads(json.dumps(made)) == made


def test_an_adapter_of_a_dataset_is_measured_in_the_datasets_own_folder_on_lines_after_its_cut(
    project: Path, tmp_path: Path
) -> None:
    repository, dataset = two_commits(project), tmp_path / "dataset"
    write_dataset(Recipe((str(repository),)), dataset, lambda _tally: None)
    report = read_dataset(dataset)[2]
    assert report["split"]["by"] == "time"
    made_from = {"data": str(dataset), "sources": report["sources"]}
    files, _ = session._unseen_files(str(repository), Trained(), made_from)
    assert files
    assert all(file.new_lines is not None for file in files)
