"""The page Gate."""

from pathlib import Path

from tests.training.dashboard.conftest import Visit, html, said

from finetab_training.tune.plan import Plan


def test_without_a_tune_it_says_what_to_run(visit: Visit, tmp_path: Path) -> None:
    assert "finetab tune ." in said(visit("gate", tmp_path))


def test_the_decision_stands_with_its_rules_and_every_hole_with_both_answers(visit: Visit, tuned: Plan) -> None:
    page = visit("gate", tuned.root)
    words = said(page).replace("\\", "")
    assert not page.exception
    assert "The gate" in words
    assert "p95 latency, adapter over" in words
    assert "4 of 4 holes" in words
    assert len(html(page)) == 3 * 4  # the hole, before, after


def test_filters_choose_holes_by_kind_and_change(visit: Visit, tuned: Plan) -> None:
    page = visit("gate", tuned.root)
    counts = []
    for change in page.selectbox("change").options:
        page.selectbox("change").select(change).run()
        assert not page.exception
        counts.append(len(html(page)) // 3)
    assert counts[0] == sum(counts[1:]) == 4
    page.selectbox("change").select("all")
    kinds = page.selectbox("kind").options
    page.selectbox("kind").select(kinds[1]).run()
    assert 1 <= len(html(page)) // 3 <= 4


def test_the_side_before_can_be_another_arm(visit: Visit, tuned: Plan) -> None:
    page = visit("gate", tuned.root)
    assert page.selectbox("rival").options == ["base-prefix", "base-fim"]
    page.selectbox("rival").select("base-fim").run()
    assert "4 of 4 holes" in said(page)


def test_a_tune_that_has_answered_nothing_yet_says_how_it_goes_on(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / ".finetab" / "tunes" / "one" / "answers").mkdir(parents=True)
    words = said(visit("gate", tmp_path))
    assert "No hole was answered by both sides yet" in words
    assert "No decision stands" in words
