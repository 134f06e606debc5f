"""What the pages are to show: a small repository that was tuned for real, with a run, an adapter and a gate."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest
from tests.conftest import write_project
from tests.training.tune.conftest import two_commits
from tests.training.tune.test_tune import plan_for

from finetab_training.tune.plan import Plan
from finetab_training.tune.tune import tune

Visit = Callable[[str, Path], AppTest]


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory, tiny: Callable[[str], Path]) -> Plan:
    """The plan of a tune that was carried out; its `root` is the repository. Not to be changed."""
    root = two_commits(write_project(tmp_path_factory.mktemp("tuned") / "project"))
    plan = plan_for(root, tiny("llama"), held_out_rows=2, save_steps=1)
    tune(plan, Console(file=StringIO()))
    return plan


@pytest.fixture
def visit() -> Visit:
    """A page by its module's name, drawn for a folder as the site draws it."""

    def drawn(name: str, root: Path) -> AppTest:
        script = (
            "from pathlib import Path\n"
            f"from finetab_training.dashboard.pages import {name}, words\n"
            f"words.told(lambda: {name}.draw(Path({str(root)!r})))()\n"
        )
        return AppTest.from_string(script, default_timeout=300).run()

    return drawn


def html(page: AppTest) -> list[str]:
    """The blocks of code that a page shows in colours, as HTML."""
    values: list[str] = [cast(Any, block).value for block in page.get("html")]
    return [value for value in values if value.startswith("<pre")]


def said(page: AppTest) -> str:
    """All that a page says in words."""
    parts = (page.title, page.subheader, page.markdown, page.caption, page.info, page.error, page.success, page.warning)
    return "\n".join([*(element.value for kind in parts for element in kind), *(block.value for block in page.code)])
