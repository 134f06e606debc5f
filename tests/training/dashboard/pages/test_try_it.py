"""The page Try: base and adapter answer beside each other, and what is accepted stands in the code."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tests.conftest import read_json
from tests.training.dashboard.conftest import Visit, html, said

from finetab.assemble import Loader
from finetab.completion.completer import Completer
from finetab.core.progress import Progress
from finetab.settings import Settings
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


@pytest.mark.parametrize("edited", ["def f():\n", f"def f():{MARK}\n"])
def test_an_answer_is_not_written_into_code_that_was_edited_with_the_click(page: AppTest, edited: str) -> None:
    page.text_area("code").input(CODE)
    complete(page)
    page.text_area("code").input(edited)
    next(button for button in page.button if button.label == "Accept").click().run()
    assert not page.exception
    assert page.text_area("code").value == edited
    assert "has changed since" in page.error[0].value


def test_what_was_chosen_is_there_again_after_a_look_at_another_page(tuned: Plan, tmp_path: Path, home: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(tuned.adapter, tmp_path / ".finetab" / "adapters" / name)
        path = tmp_path / ".finetab" / "adapters" / name / "manifest.json"
        path.write_text(json.dumps(read_json(path) | {"name": name}))
    page = AppTest.from_string(
        "from pathlib import Path\n"
        "import streamlit as st\n"
        "from finetab_training.dashboard.pages import try_it\n"
        f"if not st.session_state.get('is_away'): try_it.draw(Path({str(tmp_path)!r}))\n",
        default_timeout=300,
    ).run()
    chosen = page.selectbox("adapter").options[1]
    page.selectbox("adapter").select(chosen)
    page.selectbox("language").select("rust").run()
    for is_away in (True, False):
        page.session_state["is_away"] = is_away
        page.run()
    assert (page.selectbox("adapter").value, page.selectbox("language").value) == (chosen, "rust")
    assert home.is_dir()


def test_what_settings_and_manifests_say_later_on_is_followed(
    visit: Visit, tuned: Plan, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = Path(shutil.copytree(tuned.adapter, tmp_path / ".finetab" / "adapters" / "mine"))
    loaded: list[Settings] = []  # for the adapter; the base may be there from another test
    load = Loader.__call__

    def listed(self: Loader, settings: Settings, progress: Progress) -> Completer:
        loaded.extend([settings] if settings.adapter == str(copied) else [])
        return load(self, settings, progress)

    monkeypatch.setattr(Loader, "__call__", listed)
    page = complete(complete(visit("try_it", tmp_path)))
    assert len(loaded) == 1
    os.utime(copied / "manifest.json")
    complete(page)
    assert len(loaded) == 2
    (tmp_path / "finetab.toml").write_text("max_new_tokens = 5\n")
    complete(page)
    assert [settings.max_new_tokens for settings in loaded] == [64, 64, 5]
    assert home.is_dir()


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
