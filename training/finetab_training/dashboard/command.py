"""A run's config as the command that it equals."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from finetab_training.config import RunConfig

_FLAGS = {"data": "--data", "out": "--out", "base": "--base", "method": "--method", "max_steps": "--max-steps"}


def train_arguments(config: RunConfig) -> list[str]:
    """What `finetab` is given to train by a config: everything that differs from the defaults."""
    arguments, usual = ["train"], RunConfig()
    for item in fields(RunConfig):
        value = getattr(config, item.name)
        if value == getattr(usual, item.name):
            continue
        flag = _FLAGS.get(item.name)
        arguments += [flag, str(value)] if flag else ["--set", f"{item.name}={_toml(value)}"]
    return arguments


def _toml(value: Any) -> str:
    """A value as `--set` reads it. JSON writes text, numbers and truth as TOML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def command_line(arguments: Sequence[str]) -> str:
    """What to type into a shell."""
    return shlex.join(["finetab", *arguments])
