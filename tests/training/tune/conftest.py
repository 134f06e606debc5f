"""A small repository with two commits, to be tuned on."""

from pathlib import Path

import pytest
from tests.conftest import commit_all

ADDED = (
    "def perimeter(first, second):\n    total = 2 * (first + second)\n    return total\n",
    "def is_wide(shape):\n    ratio = shape.width / shape.height\n    return ratio > 2\n",
    "def scaled(points, factor):\n    moved = [point * factor for point in points]\n    return moved\n",
    "def largest(shapes):\n    by_area = sorted(shapes, key=area_of)\n    return by_area[-1]\n",
    "def describe(shape):\n    words = [shape.name, str(shape.colour)]\n    return ', '.join(words)\n",
    "def overlap(left, right):\n    gap = right.start - left.end\n    return gap < 0\n",
)
"""As different as code is that different people write: what is much like a line trained on is not measured with."""


@pytest.fixture
def repository(project: Path) -> Path:
    """Six files, and more lines in a second commit."""
    return two_commits(project)


def two_commits(project: Path) -> Path:
    """Make a project a repository, and add lines to each file."""
    commit_all(project, "one", "2026-01-01T12:00:00+00:00")
    for added, path in zip(ADDED, sorted(project.glob("*.py")), strict=True):
        path.write_text(f"{path.read_text('utf-8')}\n\n{added}", "utf-8")
    commit_all(project, "two", "2026-02-01T12:00:00+00:00")
    return project
