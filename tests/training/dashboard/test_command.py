"""The command that a config equals: read back, it gives that config."""

import shlex
from typing import Any

import pytest

from finetab_training.config import RunConfig, make_config, parse_override
from finetab_training.dashboard.command import command_line, train_arguments


def read_back(arguments: list[str]) -> RunConfig:
    """What `finetab train` makes of its arguments."""
    named: dict[str, Any] = {}
    overrides = []
    assert arguments[0] == "train"
    for flag, value in zip(arguments[1::2], arguments[2::2], strict=True):
        if flag == "--set":
            overrides.append(parse_override(value))
        else:
            name = flag.removeprefix("--").replace("-", "_")
            named[name] = int(value) if name == "max_steps" else value
    return make_config(named, dict(overrides))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"data": "my folder", "out": "an adapter", "base": "smollm2-135m", "method": "dora", "max_steps": 7},
        {"options": {"r": 8, "alpha": 4, "dropout": 0.05}, "learning_rate": 1e-5, "row_tokens": 2048},
        {"cut": "none", "form": "psm", "gradient_checkpointing": True, "kinds": {"line": 0.5, "rest": 0}},
        {"data": 'odd "name" with \\ and ümläut', "seed": 3},
    ],
)
def test_what_is_told_comes_back(given: dict[str, Any]) -> None:
    config = make_config(given)
    assert read_back(train_arguments(config)) == config


def test_the_line_survives_a_shell_and_leaves_out_what_is_usual() -> None:
    arguments = train_arguments(make_config({"data": "a b", "out": "c", "options": {"r": 8}, "max_steps": 0}))
    line = command_line(arguments)
    assert shlex.split(line) == ["finetab", *arguments]
    assert line == "finetab train --data 'a b' --out c --set 'options={r = 8}'"
