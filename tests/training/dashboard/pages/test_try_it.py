"""The page Try: base and adapter answer beside each other, and what is accepted stands in the code."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tests.training.dashboard.conftest import Visit, html, said

from finetab_training.dashboard.cursor import MARK
from finetab_training.tune.plan import Plan

CODE = f"def mean(values):\n    return sum(values) / {MARK}\n"  # where the small random base has something to say


@pytest.fixture
def page(visit: Visit, tuned: Plan) -> AppTest:
    return visit("try_it", tuned.root)


def complete(page: AppTest) -> AppTest:
    (button,) = (button for button in page.button if button.label == "Complete")
    return button.click().run()


def test_base_and_adapter_answer_with_each_token_marked_and_one_is_accepted(page: AppTest, tuned: Plan) -> None:
    page.text_area("code").input(CODE)
    complete(page)
    assert not page.error
    words = said(page).replace("\\", "")
    assert "**Base** · none" in words
    assert f"**Adapter** · {tuned.name}@" in words
    buttons = [button for button in page.button if button.label == "Accept"]
    assert buttons
    assert any("background:hsl(" in block for block in html(page))
    buttons[0].click().run()
    before, after = CODE.split(MARK)
    accepted = page.text_area("code").value
    assert accepted is not None
    assert accepted.startswith(before)
    assert accepted.endswith(f"{MARK}{after}")
    assert accepted != CODE
    assert not html(page)  # it was the answer to another text


def test_code_without_a_cursor_is_refused_in_a_sentence(page: AppTest) -> None:
    page.text_area("code").input("def f():\n")
    complete(page)
    assert "holds 0 marks" in page.error[0].value.replace("\\", "")


def test_the_cursor_is_put_at_a_line_and_column(page: AppTest) -> None:
    page.text_area("code").input("a = 1\nb = ")
    page.number_input("line").set_value(2)
    page.number_input("column").set_value(5).run()
    (button,) = (button for button in page.button if button.label == "Put the cursor there")
    button.click().run()
    assert page.text_area("code").value == f"a = 1\nb = {MARK}"
    page.number_input("line").set_value(9).run()
    (button,) = (button for button in page.button if button.label == "Put the cursor there")
    button.click().run()
    assert "so there is no line 9" in page.error[0].value.replace("\\", "")


def test_a_file_of_the_repository_is_taken_with_its_language(page: AppTest, tuned: Plan) -> None:
    names = page.selectbox("file").options
    assert names == sorted(path.name for path in tuned.root.glob("*.py"))
    page.selectbox("file").select(names[0]).run()
    text = (tuned.root / names[0]).read_text("utf-8")
    assert page.text_area("code").value == text + MARK


def test_without_an_adapter_the_base_answers_alone(
    visit: Visit, tiny: Callable[[str], Path], tmp_path: Path, home: Path
) -> None:
    (tmp_path / "finetab.toml").write_text(f'base = "{tiny("llama")}"\n')
    page = visit("try_it", tmp_path)
    assert "the base answers alone" in said(page)
    complete(page)
    assert "**Base**" in said(page)
    assert "**Adapter**" not in said(page)
    assert home.is_dir()


def test_a_damaged_adapter_is_a_sentence(visit: Visit, tuned: Plan, tmp_path: Path, home: Path) -> None:
    copied = Path(shutil.copytree(tuned.adapter, tmp_path / ".finetab" / "adapters" / "mine"))
    (copied / "adapter_model.safetensors").unlink()
    page = complete(visit("try_it", tmp_path))
    assert "loaded from safetensors only" in page.error[0].value.replace("\\", "")
    assert home.is_dir()
