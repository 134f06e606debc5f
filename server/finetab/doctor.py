"""`finetab doctor`: what was found on this machine, and what to fix."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from finetab.adapters.library import chosen, list_adapters
from finetab.core.base import read_base
from finetab.core.console import open_console
from finetab.core.device import pick_device, pick_dtype
from finetab.core.languages import LANGUAGES, grammar
from finetab.core.logins import normalised, token_for
from finetab.core.weights import base_folder
from finetab.engine.ways import choose_way
from finetab.errors import FinetabError
from finetab.seats import voice_of
from finetab.settings import ENGINES, OWN, Settings, read_settings

_LIBRARIES = ("finetab", "torch", "transformers", "peft", "bitsandbytes", "tokenizers", "tree-sitter", "pygls")


def examine(folder: Path) -> bool:
    """Print what was found for a workspace folder; whether it can be served."""
    console = open_console()
    settings, faults = read_settings(folder)
    console.print(f"python      {sys.version.split()[0]} on {platform.system()} {platform.machine()}")
    console.print("versions    " + ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES))
    for label, look in (
        ("device", _device),
        ("model", _model),
        ("adapter", _adapter),
        ("weights", _weights),
        ("budgets", _budgets),
        ("engine", _engine),
        ("languages", _languages),
    ):
        try:
            console.print(f"{label:<11} {look(settings)}", highlight=False)
        except FinetabError as error:
            if str(error) not in faults:  # what one part lacks, another one may lack too
                faults.append(str(error))
            console.print(f"{label:<11} [red]not usable[/red]")
    console.print(f"library     {', '.join(list_adapters()) or 'no adapters yet'}")
    for fault in faults:
        console.print(f"[red]to fix[/red]      {fault}", highlight=False)
    console.print("[green]ready[/green]" if not faults else f"[red]{len(faults)} to fix[/red]")
    return not faults


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _device(settings: Settings) -> str:
    device = pick_device(settings.device)
    dtype = str(pick_dtype(settings.dtype, device)).removeprefix("torch.")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    return f"{device.type} ({name}), {dtype}"


def _model(settings: Settings) -> str:
    return f"{settings.base}: {base_folder(settings.base)}"


def _adapter(settings: Settings) -> str:
    _, adapter = chosen(settings)
    if adapter is None:
        return "none in force (the base answers)"
    folder, manifest = adapter
    return f"{manifest.label}, served as {manifest.serve_form}: {folder}"


def _weights(settings: Settings) -> str:
    folder, adapter = chosen(settings)
    way, reason = choose_way(settings, folder, adapter[0] if adapter else None)
    if way == "int8":
        return "in 8 bits, through finetab's own decoder"
    return f"{'in 4 bits (nf4)' if way == 'nf4' else 'as they are'}, through transformers: {reason}"


def _budgets(settings: Settings) -> str:
    _, adapter = chosen(settings)
    budgets = voice_of(settings, read_base(settings.base), adapter[1] if adapter else None).budgets
    return f"{budgets.context} tokens of context, {budgets.prefix} of prefix, {budgets.suffix} of suffix"


def _engine(settings: Settings) -> str:
    if settings.engine in ENGINES:
        return "in each editor's server" if settings.engine == OWN else "one process for all editors"
    return f"{normalised(settings.engine)}, {'with a token' if token_for(settings.engine) else 'without a token'}"


def _languages(settings: Settings) -> str:
    return ", ".join(language.name for language in LANGUAGES if grammar(language))
