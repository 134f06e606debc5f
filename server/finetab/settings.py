"""What a user can set: a few typed values from `finetab.toml` and from the editor, parsed once at the edge."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from finetab.core import manifest
from finetab.core.blend import names_in, renamed
from finetab.core.pointer import BASE, WITHOUT_ADAPTER, read_pointer, resolved
from finetab.errors import BadAdapter, BadFile, BadSetting, near_match

FILE_NAME = "finetab.toml"
_NO_PATHS = ("", *WITHOUT_ADAPTER, "default")
TUNE_TABLE = "tune"
"""The table of that file which `finetab tune` reads."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings and their defaults. Editors may write them in camelCase (`maxNewTokens`).

    Those that do not compare are followed without loading the model again.
    """

    base: str = "default"
    """A name from `finetab models`, a model folder, a `.gguf` file or a hub id."""
    adapter: str = BASE
    """An adapter's name or folder, or several, as `python + mine` or `0.7*python + 0.3*mine`; `base` for the base as it
    comes, with the adapter that finetab ships for it, where there is one; `none` for the base alone. Without it, what
    was promoted for the folder is in force."""
    engine: str = "own"
    """Where the model runs: `own` (in this process), `shared` (in one process for all editors of this user), or the
    address of a server that speaks OpenAI's `/v1/completions`, which the user has logged in to."""
    form: str = "auto"
    """`auto` (what the adapter's evaluation found best), `spm`, `psm` or `prefix`."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""
    dtype: str = "auto"
    """`auto`, `float32`, `bfloat16`, `float16`."""
    quantisation: str = "auto"
    """`auto` (8-bit weights on a CPU where the model's family has that way, else `none`), `int8`, `none`, or `nf4` for
    4-bit weights (meant for a GPU; on a CPU it is many times slower)."""
    max_new_tokens: int = 64
    """The longest answer, in tokens."""
    prefix_tokens: int = 0
    """Tokens of text before the cursor; 0 takes what the adapter was trained with (512 without one)."""
    suffix_tokens: int = 0
    """Tokens of text after the cursor; 0 takes what the adapter was trained with (128 without one)."""
    context_tokens: int = 0
    """Tokens of code from open, imported and edited files; 0 takes what the adapter was trained with (none without)."""
    eagerness: str = field(default="normal", compare=False)
    """How sure an answer must be to be shown unasked: `eager` (any), `normal`, `calm`."""
    look_ahead: bool = field(default=True, compare=False)
    """Whether the line after a shown answer is worked out while nobody needs the model."""
    demotion: str = field(default="ask", compare=False)
    """What to do when less is kept of a promoted adapter's suggestions than of the base's: `ask`, `auto`, `never`."""
    statistics: bool = field(default=True, compare=False)
    """Whether to keep local statistics of what became of the suggestions."""


OWN, SHARED = ENGINES = ("own", "shared")
_KINDS = {bool: "true or false", int: "a number from {least}", str: "text"}
_LEAST = {"max_new_tokens": 1}
"""Of numbers that may not be 0."""
_ALLOWED = {
    "form": ("auto", "spm", "psm", "prefix"),
    "dtype": ("auto", "float32", "bfloat16", "float16"),
    "quantisation": ("auto", "int8", "none", "nf4"),
    "eagerness": ("eager", "normal", "calm"),
    "demotion": ("ask", "auto", "never"),
}


def parse_settings(raw: Mapping[str, Any], start: Settings | None = None) -> tuple[Settings, list[str]]:
    """Settings from a mapping, on top of `start`, and every fault in it as a sentence.

    A faulty entry keeps the value it had; nothing is raised, so that an editor always gets a server.
    """
    settings, faults = start or Settings(), []
    kinds: dict[str, type] = {item.name: type(getattr(settings, item.name)) for item in fields(Settings)}
    for key, value in raw.items():
        name = _snake(key)
        if name not in kinds:
            faults.append(f'Unknown setting "{key}"{near_match(name, kinds)}')
        elif type(value) is not kinds[name] or (isinstance(value, int) and value < _LEAST.get(name, 0)):
            kind = _KINDS[kinds[name]].format(least=_LEAST.get(name, 0))
            faults.append(f"The setting {key} must be {kind}, not {value!r}; {getattr(settings, name)!r} is used.")
        elif name in _ALLOWED and value not in _ALLOWED[name]:
            allowed = ", ".join(_ALLOWED[name])
            faults.append(f"The setting {key} is {value!r}, but must be one of: {allowed}.")
        elif name == "engine" and value not in ENGINES and not str(value).startswith(("http://", "https://")):
            faults.append(f"The setting {key} is {value!r}, but must be own, shared, or an address: https://HOST.")
        else:
            changed: dict[str, Any] = {name: value}
            settings = replace(settings, **changed)
    return settings, faults


def read_settings(folder: Path) -> tuple[Settings, list[str]]:
    """The settings of a folder, and their faults: its promoted adapter, and its `finetab.toml` on top."""
    start, faults = _promoted(folder)
    path = folder / FILE_NAME
    try:
        if not path.is_file():
            return start, faults
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return start, [*faults, f"{path} cannot be read ({error}); defaults are used."]
    tune = raw.pop(TUNE_TABLE, {})
    if not isinstance(tune, dict):
        faults = [*faults, f"{path}: [{TUNE_TABLE}] must be a table, not {tune!r}."]
    settings, more = parse_settings(values_from(folder, raw), start)
    return settings, [*faults, *(f"{path}: {fault}" for fault in more)]


def _promoted(folder: Path) -> tuple[Settings, list[str]]:
    """The defaults with the adapter that was promoted for a folder, which brings its base."""
    try:
        adapter = resolved(folder, read_pointer(folder).adapter)
    except BadFile as error:
        return Settings(), [str(error)]
    made_for_it = [Path(name) for name in names_in(adapter) if Path(name).is_absolute()]
    if not made_for_it:
        return Settings(adapter=adapter), []
    try:
        return Settings(adapter=adapter, base=manifest.read(made_for_it[0]).base_name), []
    except BadAdapter as error:
        return Settings(), [str(error)]


def values_from(folder: Path, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What a folder's file or its editor says: adapters and paths are the folder's, wherever the server started."""
    return {key: _from(folder, key, value) for key, value in raw.items()}


def _from(folder: Path, key: str, value: Any) -> Any:
    if key not in ("base", "adapter") or not isinstance(value, str) or value in _NO_PATHS:
        return value
    return renamed(resolved(folder, value), partial(_near, folder)) if key == "adapter" else _near(folder, value)


def _near(folder: Path, name: str) -> str:
    """A path from a folder, where there is one; else the name."""
    try:
        return str(folder / name) if name not in _NO_PATHS and (folder / name).exists() else name
    except OSError:  # too long for a path, so it is none
        return name


def outranked(folder: Path) -> str:
    """A sentence where `finetab.toml` names another adapter than what was put in force; "" where it does not."""
    named, in_force = read_settings(folder)[0].adapter, resolved(folder, read_pointer(folder).adapter)
    if named == in_force:
        return ""
    path = (folder / FILE_NAME).resolve()
    return f'But "adapter" in {path} is {named}, which goes first: take that line out for anything else to be in force.'


def checked_settings(raw: Mapping[str, Any], start: Settings | None = None) -> Settings:
    """Settings from a mapping; raises `BadSetting` with all faults, for the command line."""
    settings, faults = parse_settings(raw, start)
    if faults:
        raise BadSetting(" ".join(faults))
    return settings


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key).replace("-", "_")
