"""The page Compare."""

from pathlib import Path

from tests.training.dashboard.conftest import Visit, said
from tests.training.dashboard.reading.test_comparison import write_comparison


def test_without_a_comparison_it_says_what_to_run(visit: Visit, tmp_path: Path) -> None:
    assert "finetab compare run.toml" in said(visit("compared", tmp_path))


def test_a_comparison_that_has_not_ended_says_how_it_goes_on(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text("{}")
    assert "has not come to its report" in said(visit("compared", tmp_path))


def test_a_comparison_is_a_front_a_table_and_what_was_forgotten(visit: Visit, tmp_path: Path) -> None:
    write_comparison(tmp_path / "one")
    page = visit("compared", tmp_path)
    assert not page.error
    assert "40 holes, 2 seeds" in said(page)
    assert "loftq has no figures" in page.warning[0].value
    table = page.dataframe[0].value
    assert list(table["technique"]) == ["lora", "full"]
    assert table["similarity %"][0] == "60.0 [50.0, 70.0]"
    page.selectbox("cost").select("seconds").run()
    assert not page.error


def test_a_damaged_report_is_a_sentence(visit: Visit, tmp_path: Path) -> None:
    (write_comparison(tmp_path / "one") / "report.json").write_text("[]")
    page = visit("compared", tmp_path)
    assert "compare again" in page.error[0].value
