"""The house rules that no linter knows: files stay small, and documents name commands that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path for folder in ("server", "training", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_file_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


def test_every_test_file_mirrors_a_module() -> None:
    modules = {path.stem for folder in ("server", "training") for path in (ROOT / folder).rglob("*.py")}
    for folder in ("server", "training"):
        strays = [path.stem for path in (ROOT / "tests" / folder).rglob("test_*.py") if path.stem[5:] not in modules]
        assert not strays


def test_documents_name_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):[^=]", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        assert named
        assert named <= targets
