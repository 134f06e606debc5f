"""What a run starts from: the base alone, or an adapter whose additions it goes on with."""

from pathlib import Path
from typing import Any

from finetab.adapters.library import read_adapter
from finetab.adapters.shipped import shipped_adapter
from finetab.core.bases import real_name
from finetab.core.manifest import Manifest, check_base
from finetab.core.pointer import BASE
from finetab.core.weights import base_folder, fingerprint
from finetab.errors import BadSetting
from finetab_training.config import RunConfig
from finetab_training.methods.registry import goes_on

AUTO = "auto"


def start_of(config: RunConfig) -> tuple[Path, Manifest] | None:
    """The adapter that a run goes on with, None where it starts from the base alone.

    Raises `FinetabError` where one is asked for that this run cannot go on with.
    """
    if config.start == AUTO:
        found = _shipped(config)
        return found if found and not _why_not(config, found[1]) else None
    if config.start == BASE:
        return None
    found = read_adapter(config.start)
    check_base(found[1], real_name(config.base), fingerprint(base_folder(config.base)))
    if reason := _why_not(config, found[1]):
        raise BadSetting(f"A run cannot start from {config.start}: {reason}.")
    return found


def told_start(config: RunConfig, start: Manifest | None) -> str:
    """What is said of a run's start; where it might have gone on from what ships, why it does not."""
    if start is not None:
        return f", starting from {start.label}"
    shipped = _shipped(config) if config.start == AUTO else None
    if shipped is None:
        return ""
    return f", from the base alone and not from what ships for it: {_why_not(config, shipped[1])}"


def _shipped(config: RunConfig) -> tuple[Path, Manifest] | None:
    folder = shipped_adapter(config.base)
    return None if folder is None else read_adapter(str(folder))


def options_of(config: RunConfig, start: Manifest | None) -> dict[str, Any]:
    """The method's options as they were given; those of an adapter gone on with where they were not."""
    return {**start.options, **config.options} if start else config.options


def _why_not(config: RunConfig, start: Manifest) -> str:
    """Why a run cannot go on with an adapter; "" where it can."""
    if not (goes_on(config.method) and goes_on(start.method)):
        return f"its additions are of the method {start.method}, and the run's is {config.method}; lora and qlora can"
    other = {
        name: value for name, value in config.options.items() if name != "dropout" and value != start.options.get(name)
    }
    if other:
        return f"its options are {start.options}, and the run's are {config.options}; leave them out"
    return ""
