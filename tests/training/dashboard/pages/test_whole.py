"""All pages together, as Streamlit runs them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from finetab_training import dashboard

MAIN = Path(dashboard.__file__).parent / "app" / "main.py"


def test_the_first_page_is_start_and_nothing_stands_beside_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = AppTest.from_file(str(MAIN), default_timeout=300).run()
    assert [title.value for title in page.title] == ["Start a run"]
    assert not page.exception
    assert [path.name for path in MAIN.parent.glob("*.py")] == ["main.py"]  # Streamlit puts the folder on the path
