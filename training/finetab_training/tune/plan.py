"""What a tune is: which repository at which commit, with what config; and where its parts are kept.

FOLDER/.finetab/tunes/NAME/dataset/        the corpus, cut by time
FOLDER/.finetab/tunes/NAME/answers/*.jsonl what each arm answered, hole by hole
FOLDER/.finetab/tunes/NAME/report.md       what was measured, what the gate said, and examples
FOLDER/.finetab/tunes/examined.sqlite      what became of each file, so that the next tune parses only new ones
FOLDER/.finetab/adapters/NAME              the adapter; its run beside it while it trains
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from finetab.core.pointer import OWN_FOLDER, adapters_of
from finetab.core.weights import check_name
from finetab.errors import BadSetting
from finetab.settings import FILE_NAME, TUNE_TABLE, read_settings
from finetab_training.config import RunConfig, make_config, read_config
from finetab_training.data import git
from finetab_training.data.corpus import Recipe
from finetab_training.data.filters import is_named_like_code
from finetab_training.data.history import open_history
from finetab_training.data.sources import open_source
from finetab_training.methods.registry import check_method

MOST_HOLES = 300
RETRIEVAL_TOKENS = 256
MOST_BY_HEART = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """One tune. The same plan goes on where it was stopped."""

    root: Path
    state: str
    """The commit that is checked out, or a digest of the files where there is no history."""
    config: RunConfig
    num_holes: int
    retrieval_tokens: int
    """Of code from other files in the arms with retrieval; 0 leaves these arms out."""

    @property
    def name(self) -> str:
        """The adapter's name: the folder's, the state's, and what else decides the outcome."""
        told = json.dumps([self.config.to_dict(), self.num_holes, self.retrieval_tokens], sort_keys=True)
        return f"{self.root.name}-{self.state[:8]}-{sha256(told.encode()).hexdigest()[:4]}"

    @property
    def num_tried_by_heart(self) -> int:
        """How many beginnings of training text are tried in the memorisation check."""
        return min(MOST_BY_HEART, self.num_holes)

    @property
    def folder(self) -> Path:
        """Where all is kept but the adapter."""
        return self.root / OWN_FOLDER / "tunes" / self.name

    @property
    def adapter(self) -> Path:
        """The folder of the adapter to be."""
        return adapters_of(self.root) / self.name

    @property
    def dataset(self) -> Path:
        """The corpus."""
        return self.folder / "dataset"

    @property
    def memory(self) -> Path:
        """What became of each file in this and earlier tunes of the folder."""
        return self.root / OWN_FOLDER / "tunes" / "examined.sqlite"

    @property
    def lock(self) -> Path:
        """Held by the process that tunes the folder."""
        return self.root / OWN_FOLDER / "tunes" / ".lock"

    def answers(self, arm: str) -> Path:
        """What an arm answered."""
        return self.folder / "answers" / f"{arm}.jsonl"

    @property
    def report(self) -> Path:
        """What a person reads."""
        return self.folder / "report.md"

    def recipe(self, memory: Path | None = None) -> Recipe:
        """What its corpus is made of."""
        config = self.config
        return Recipe(
            (str(self.root),), cut=config.cut, held_out_share=config.held_out_share, seed=config.seed, memory=memory
        )

    def run_config(self) -> RunConfig:
        """The config of its training run."""
        values = {**asdict(self.config), "data": str(self.dataset), "out": str(self.adapter)}
        return RunConfig(**values)


def make_plan(root: Path, *layers: Mapping[str, Any]) -> Plan:
    """A plan from the folder's base, its `[tune]` table and what goes before it, later layers first in rank.

    Beside the entries of a run config they may hold `holes` (the most to measure with) and `retrieval` (tokens of code
    from other files in the arms with retrieval). Raises `FinetabError` for a wrong name, file or cut, or with every
    other fault.
    """
    settings, wrong = read_settings(root)
    if wrong:
        raise BadSetting(" ".join(wrong))
    told: dict[str, Any] = {"holes": MOST_HOLES, "retrieval": RETRIEVAL_TOKENS, "base": settings.base}
    for layer in (_table(root), *layers):
        told |= layer
    counts = {name: told.pop(name) for name in ("holes", "retrieval")}
    faults = [f"{name} must be a number from {least}, not {counts[name]!r}." for name, least in
              (("holes", 1), ("retrieval", 0)) if type(counts[name]) is not int or counts[name] < least]  # fmt: skip
    if faults:
        raise BadSetting(" ".join(faults))
    config = make_config(told)
    _check_names(root, config)
    return Plan(root, state_of(root), config, counts["holes"], counts["retrieval"])


def _check_names(root: Path, config: RunConfig) -> None:
    """What is named wrongly is told before anything is read, and not in the middle of the night."""
    check_method(config.method)
    check_name(config.base)
    if config.cut not in ("auto", "none"):
        open_history(root, config.cut)


def _table(root: Path) -> dict[str, Any]:
    path = root / FILE_NAME
    table: dict[str, Any] = read_config(path).get(TUNE_TABLE, {}) if path.is_file() else {}
    return table


def state_of(root: Path) -> str:
    """What a folder holds now, as one word."""
    return git.head(root) or _digest(root)


def _digest(root: Path) -> str:
    digest = sha256()
    code = (raw for raw in open_source(str(root)).files if is_named_like_code(raw.path))  # not what a tune leaves
    for raw in code:
        digest.update(f"{raw.path}\0{len(raw.data)}\0".encode())
        digest.update(raw.data)
    return digest.hexdigest()
