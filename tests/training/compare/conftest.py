"""A comparison of a small model on a small folder, as the entries of its TOML file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def entries(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> dict[str, Any]:
    """Two techniques, two seeds, one rate, a few steps and holes."""
    return {
        "out": str(tmp_path / "out"),
        "seeds": [0, 1],
        "rates": [1.0],
        "search_steps": 1,
        "holes": 2,
        "general_holes": 1,
        "train": {
            "base": str(tiny("llama")), "data": str(project), "max_steps": 2, "held_out_rows": 1, "rows_per_step": 1,
            "held_out_share": 0.5, "prefix_tokens": 100, "suffix_tokens": 40, "max_middle_tokens": 40,
            "row_tokens": 300, "characters_per_sample": 60,
        },
        "techniques": {"lora": {"options": {"r": 2}}, "vectors": {"method": "ia3", "learning_rate": 0.01}},
    }  # fmt: skip
