"""A tune as it was left below `.finetab`: what each arm answered hole by hole, and what the gate decided."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from finetab.core import manifest
from finetab.core.pointer import OWN_FOLDER, adapters_of
from finetab.errors import BadAdapter
from finetab_training.data.hole import Hole, read_holes
from finetab_training.evaluate.gate import Decision, Rule
from finetab_training.evaluate.metrics import Estimate
from finetab_training.evaluate.runner import Result
from finetab_training.evaluate.scores import difference
from finetab_training.tune.arms import CANDIDATE, read_answers

Change: TypeAlias = Literal["better", "worse", "the same"]
_ELSEWHERE = "-elsewhere"  # how answers to the general holes are named
_GAIN = "gain over "


@dataclass(frozen=True, slots=True)
class Pair:
    """One hole, as one arm answered it and as the candidate did."""

    hole: Hole
    before: Result
    after: Result

    @property
    def change(self) -> Change:
        """Whether the candidate came closer to what a person wrote."""
        gain = self.after.similarity - self.before.similarity
        return "better" if gain > 0 else "worse" if gain < 0 else "the same"


@dataclass(frozen=True, slots=True)
class TuneSeen:
    """One tune. What it has not come to yet is empty."""

    name: str
    report: Path
    """What a person reads, once it is written."""
    holes: tuple[Hole, ...]
    answers: Mapping[str, Sequence[Result]]
    """By arm, on the holes in their order; fewer than those where the tune was stopped."""
    decision: Decision | None

    @property
    def rivals(self) -> list[str]:
        """The arms that the candidate is held against, the one that the gate names first at the start."""
        rules = self.decision.rules if self.decision else ()
        named = [rule.name.removeprefix(_GAIN) for rule in rules if rule.name.startswith(_GAIN)]
        others = [arm for arm in self.answers if not arm.startswith(CANDIDATE)]
        return list(dict.fromkeys([arm for arm in named if arm in self.answers] + others))

    def pairs(self, rival: str) -> list[Pair]:
        """Each hole that both have answered."""
        answers = zip(self.holes, self.answers.get(rival, ()), self.answers.get(CANDIDATE, ()), strict=False)
        return [Pair(*three) for three in answers]


def find_tunes(root: Path) -> list[str]:
    """The names of a folder's tunes, the latest first."""
    folders = (root / OWN_FOLDER / "tunes").glob("*/answers")
    return [folder.parent.name for folder in sorted(folders, key=lambda folder: -folder.stat().st_mtime)]


def read_tune(root: Path, name: str) -> TuneSeen:
    """One tune of a folder. Raises `BadFile` where its holes cannot be read."""
    folder = root / OWN_FOLDER / "tunes" / name
    holes = folder / "holes.jsonl"
    files = sorted((folder / "answers").glob("*.jsonl"))
    answers = {path.stem: read_answers(path)[0] for path in files if not path.stem.endswith(_ELSEWHERE)}
    return TuneSeen(
        name, folder / "report.md", read_holes(holes) if holes.is_file() else (), answers,
        _decision(adapters_of(root) / name),
    )  # fmt: skip


def _decision(adapter: Path) -> Decision | None:
    """What stands in the adapter's manifest; None before the gate, and where it was measured anew since."""
    with suppress(BadAdapter, KeyError, TypeError):
        told = (manifest.read(adapter).evaluation or {})["decision"]
        return Decision(tuple(Rule(**rule) for rule in told["rules"]), bool(told["forced"]))
    return None


def gains_by_kind(pairs: Sequence[Pair]) -> dict[str, Estimate]:
    """By kind of hole, and over all, how much closer the candidate came, with the interval; in shares of one."""
    kinds = sorted({pair.hole.kind for pair in pairs})
    parts = {"all": pairs} | {kind: [pair for pair in pairs if pair.hole.kind == kind] for kind in kinds}
    return {
        name: difference([pair.after for pair in part], [pair.before for pair in part], "edit_similarity")
        for name, part in parts.items()
    }
