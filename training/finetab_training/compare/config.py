"""What a comparison is told: what all techniques have in common, what each has of its own, and how much is measured."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import inf
from pathlib import Path
from typing import Any

from finetab.core.home import from_home
from finetab.core.pointer import BASE
from finetab.errors import BadSetting, FinetabError, near_match
from finetab_training.config import MAX_SEED, RunConfig, make_config
from finetab_training.methods.registry import method_by_name

_NAME = re.compile(r"\w[\w.+-]*")
DECIDED = {
    "out": "say `out` beside [train]",
    "method": "each technique says its own",
    "options": "each technique says its own",
    "start": "all start from the base alone",
    "cut": "files are split, not their history",
}
"""Entries of a run that a comparison decides, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Technique:
    """One row of the table: a method with options, under a name of its own."""

    name: str
    method: str
    learning_rate: float
    """The middle of the rates that are tried; that of [train] where none is given."""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that decides what is compared and how."""

    out: Path
    """The folder for all of it."""
    train: RunConfig
    """What all trainings have in common. Its seed splits the files and is that of the search."""
    techniques: tuple[Technique, ...]
    """Differences are against the first one."""
    seeds: tuple[int, ...] = (0, 1, 2)
    rates: tuple[float, ...] = (0.3, 1.0, 3.0)
    """Learning rates that are tried for each technique, as multiples of its own; sentinel rows' go with them."""
    search_steps: int = 50
    """Steps of each try."""
    holes: int = 300
    general_holes: int = 300

    def to_dict(self) -> dict[str, Any]:
        """As plain data, in the shape of the TOML file."""
        plain = asdict(self) | {"out": str(self.out), "seeds": list(self.seeds), "rates": list(self.rates)}
        techniques = {technique.pop("name"): technique for technique in plain["techniques"]}
        return plain | {"techniques": techniques}

    def run_config(self, technique: Technique, data: Path, folder: Path, *, rate: float, seed: int | None) -> RunConfig:
        """The training of a technique in a folder, at a multiple of its learning rate; a try where no seed is given."""
        return replace(
            self.train,
            data=str(data),
            out=str(folder / "adapter"),
            method=technique.method,
            options=technique.options,
            learning_rate=technique.learning_rate * rate,
            sentinel_learning_rate=self.train.sentinel_learning_rate * rate,
            seed=self.train.seed if seed is None else seed,
            max_steps=self.search_steps if seed is None else self.train.max_steps,
        )


def make_comparison(entries: Mapping[str, Any]) -> Comparison:
    """A comparison from the entries of a TOML file; raises `BadSetting` with every fault at once."""
    known = {item.name for item in fields(Comparison)}
    faults = [f'Unknown entry "{key}" in the comparison{near_match(key, known)}' for key in entries.keys() - known]
    counts, wrong = _counts(entries)
    train, wrong_in_train = _train(entries.get("train", {}))
    techniques, wrong_techniques = _techniques(entries.get("techniques", {}), train)
    faults += [*wrong, *wrong_in_train, *wrong_techniques]
    out = entries.get("out")
    if not (isinstance(out, str) and out):
        faults.append(f"out must name the folder for the comparison, not {out!r}.")
    if faults:
        raise BadSetting(" ".join(faults))
    return Comparison(out=Path(from_home(out)).resolve(), train=train, techniques=techniques, **counts)


def _counts(entries: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The entries that are numbers or lists of them, and what is wrong with those that are there."""
    made: dict[str, Any] = {}
    faults = []
    for name, least in (("search_steps", 1), ("holes", 1), ("general_holes", 1)):
        value = made[name] = entries.get(name, getattr(_DEFAULTS, name))
        if type(value) is not int or value < least:
            faults.append(f"{name} must be a whole number from {least}, not {value!r}.")
    for name, kinds, is_within, words in (
        ("seeds", (int,), lambda each: 0 <= each <= MAX_SEED, f"different whole numbers from 0 to {MAX_SEED}"),
        ("rates", (int, float), lambda each: 0 < each < inf, "different numbers above 0, such as [0.3, 1, 3]"),
    ):
        value = entries.get(name, getattr(_DEFAULTS, name))
        values = list(value) if isinstance(value, list | tuple) else []
        good = values and all(type(each) in kinds for each in values) and len(set(values)) == len(values)
        if not (good and all(map(is_within, values))):
            faults.append(f"{name} must be a list of {words}, not {value!r}.")
        made[name] = tuple(float(each) if float in kinds else each for each in values) if good else ()
    return made, faults


def _train(given: Any) -> tuple[RunConfig, list[str]]:
    if not isinstance(given, dict):
        return RunConfig(), [f"[train] must be a table, not {given!r}."]
    faults = [f"{name} cannot be set in [train]: {why}." for name, why in DECIDED.items() if name in given]
    try:
        config = make_config({name: value for name, value in given.items() if name not in DECIDED})
    except BadSetting as error:
        return RunConfig(), [*faults, str(error)]
    if not config.data:
        faults.append("[train] needs data: what to train on.")
    if not config.held_out_rows:
        faults.append("held_out_rows must be at least 1: the learning rate is chosen by their loss.")
    return replace(config, start=BASE, cut="none"), faults


def _techniques(given: Any, train: RunConfig) -> tuple[tuple[Technique, ...], list[str]]:
    if not (isinstance(given, dict) and given):
        return (), ["[techniques.NAME] must be there, a table for each technique; see `finetab methods`."]
    made, faults = [], []
    for name, entries in given.items():
        if not _NAME.fullmatch(name):
            faults.append(f"A technique's name is a word, not {name!r}.")
        elif not isinstance(entries, dict):
            faults.append(f"[techniques.{name}] must be a table, not {entries!r}.")
        else:
            technique = Technique(**{"name": name, "method": name, "learning_rate": train.learning_rate}
                                  | {key: entries[key] for key in entries.keys() & _OWN})  # fmt: skip
            faults += [f"In [techniques.{name}]: {fault}" for fault in _faults(technique, entries)]
            made.append(technique)
    return tuple(made), faults


def _faults(technique: Technique, entries: Mapping[str, Any]) -> list[str]:
    faults = [f'Unknown entry "{key}"{near_match(key, _OWN)}' for key in entries.keys() - _OWN]
    rate = technique.learning_rate
    if type(rate) not in (int, float) or not 0 < rate < inf:
        faults.append(f"learning_rate must be a number above 0, not {rate!r}.")
    if not isinstance(technique.method, str) or not isinstance(technique.options, dict):
        return [*faults, "method must be a name, and options a table."]
    try:
        method_by_name(technique.method).options(technique.options)
    except FinetabError as error:
        faults.append(str(error))
    return faults


_OWN = {item.name for item in fields(Technique)} - {"name"}
_DEFAULTS = Comparison(Path(), RunConfig(), ())
