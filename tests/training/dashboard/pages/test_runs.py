"""The page Runs."""

from dataclasses import replace
from pathlib import Path

from tests.training.dashboard.conftest import Visit, html, said

from finetab_training.runs import Run
from finetab_training.tune.plan import Plan


def test_without_runs_it_says_what_to_run(visit: Visit, tmp_path: Path) -> None:
    page = visit("runs", tmp_path)
    assert "finetab train --data . --out my-adapter" in said(page)


def test_a_run_is_drawn_with_its_curves_and_its_samples(visit: Visit, tuned: Plan) -> None:
    page = visit("runs", tuned.root)
    assert not page.error
    assert len(page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")) == 5
    assert "of 3 rows" in said(page)
    assert any("_of_" in block for block in html(page))
    assert "finished, step 3 of 3" in page.expander[0].label


def test_another_row_is_shown_when_it_is_asked_for(visit: Visit, tuned: Plan) -> None:
    page = visit("runs", tuned.root)
    first = html(page)
    page.number_input("row").set_value(2).run()
    assert html(page) != first


def test_no_run_chosen_is_said(visit: Visit, tuned: Plan) -> None:
    page = visit("runs", tuned.root)
    page.multiselect("runs").set_value([]).run()
    assert "Choose a run" in said(page)


def test_a_run_that_has_not_begun_to_learn_says_so(visit: Visit, tuned: Plan, tmp_path: Path) -> None:
    Run(tmp_path / "mine.run", tuned.run_config()).begin()
    page = visit("runs", tmp_path)
    assert "Nothing has been trained yet" in said(page)
    assert "has no rows yet" in page.error[0].value.replace("\\", "")


def test_a_damaged_run_is_a_warning_beside_the_others(visit: Visit, tuned: Plan, tmp_path: Path) -> None:
    Run(tmp_path / "mine.run", tuned.run_config()).begin()
    damaged = Run(tmp_path / "damaged.run", tuned.run_config())
    damaged.begin()
    damaged.inputs.mkdir()
    (damaged.inputs / "facts.json").write_text("{")
    page = visit("runs", tmp_path)
    assert "damaged.run/inputs/facts.json cannot be read" in page.warning[0].value.replace("\\", "")
    assert "Nothing has been trained yet" in said(page)


def test_what_a_config_says_is_shown_as_text(visit: Visit, tuned: Plan, tmp_path: Path) -> None:
    method = "![](http://evil.example/seen.png)"
    Run(tmp_path / "mine.run", replace(tuned.run_config(), method=method)).begin()
    label = visit("runs", tmp_path).expander[0].label
    assert method not in label
    assert method in label.replace("\\", "")
