"""A small repository with two commits, to be tuned on."""

from pathlib import Path

import pytest
from tests.conftest import commit_all


@pytest.fixture
def repository(project: Path) -> Path:
    """Six files, and more lines in a second commit."""
    return two_commits(project)


def two_commits(project: Path) -> Path:
    """Make a project a repository, and add lines to each file."""
    commit_all(project, "one", "2026-01-01T12:00:00+00:00")
    for index, path in enumerate(sorted(project.glob("*.py"))):
        added = f"\n\ndef perimeter_{index}(first, second):\n    total = first + second * {index}\n    return total\n"
        path.write_text(path.read_text("utf-8") + added, "utf-8")
    commit_all(project, "two", "2026-02-01T12:00:00+00:00")
    return project
