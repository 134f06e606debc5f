"""PEFT's own words in an adapter's folder: its config, and how its tensors are called. Quick to import."""

import json
from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from typing import Any

from finetab.errors import BadAdapter

CONFIG = "adapter_config.json"
ROWS = "trainable_tokens_delta"
START = "base_model.model."


def read_config(folder: Path) -> dict[str, Any]:
    """An adapter's config. Raises `BadAdapter` where it cannot be read."""
    path = folder / CONFIG
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
        config["peft_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadAdapter(f"{path} cannot be read ({error}); train the adapter again.") from error
    return config


def scale(config: Mapping[str, Any], rank: int) -> float:
    """By how much factors of a rank are multiplied."""
    return float(config["lora_alpha"] / (sqrt(rank) if config.get("use_rslora") else rank))
