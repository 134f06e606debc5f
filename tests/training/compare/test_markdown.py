"""The report for people: a row for each, the budget, the limits, and nothing of a search that was not made."""

from pathlib import Path

from tests.training.compare.made import report

from finetab_training.compare.markdown import markdown


def test_every_figure_stands_in_its_row(tmp_path: Path) -> None:
    text = markdown(report(tmp_path), ["a.png"])
    assert "| base alone | 0.0 [0.0, 0.0] | 50.0 [50.0, 50.0] |" in text
    assert (
        "| two | 50.0 [0.0, 100.0] | 95.0 [90.0, 100.0] | +45.0 [+40.0, +50.0] | +35.0 [+30.0, +40.0] "
        "| -25.0 [-25.0, -25.0] | 3.000, 1.500 (-1.500) |"
    ) in text
    assert "| one | `lora`, r 4 | 1,000 | 5 | 2.0 | 1.00 | 50 | 20 (20-21) | 0.10 |" in text
    assert "| one | 5e-05: no number, 0.0001: 2.000 | 0.0001, at the edge |" in text
    assert "- bad: It has no wings." in text
    assert "![a.png](a.png)" in text


def test_it_says_what_it_rests_on_and_what_it_does_not_say(tmp_path: Path) -> None:
    made = report(tmp_path)
    text = markdown(made, [])
    assert "2 learning rates, 0.5, 1 times the technique's own, and up to 2 more beyond" in text
    assert "a seed's luck is known roughly" in text
    assert "only large differences can be told from chance" in text
    assert "trained with 2 seeds for 1 epoch, or until 4 looks in a row, 25 steps apart, saw no better loss;" in text
    assert "side by side" not in text
    made["config"]["rates"], made["config"]["seeds"] = [1.0], [0]
    made["config"]["train"] |= {"max_steps": 80, "patience": 0}
    made["techniques"]["three"] = made["techniques"]["two"]
    text = markdown(made, [])
    assert "trained with 1 seed for 80 steps;" in text
    assert "3 techniques are compared side by side: of 20 such intervals one misses by chance" in text
    assert "## Learning rates" not in text
    assert "No learning rate was looked for" in text
    assert "With one seed the intervals say nothing of a seed's luck" in text
