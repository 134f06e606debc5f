"""A corpus: sources to files to train on and files to measure with; all that is left out is counted, with reasons.

    sources -> examine (all cores) -> exact copies, near-duplicates, evaluation texts out -> split

Everything streams: a file is in memory once, and what is kept of it for later files is a digest and a signature.
"""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from finetab.errors import BadFile, BadInput
from finetab_training.data.decontaminate import Evaluations
from finetab_training.data.filters import Examined, Policy, examine
from finetab_training.data.history import History, open_history, truly_new
from finetab_training.data.near_duplicates import NearDuplicates, signature_of
from finetab_training.data.remembered import Signed, remembering
from finetab_training.data.source_file import SourceFile
from finetab_training.data.sources import RawFile, Source, open_source, told_apart
from finetab_training.data.split import Sided, split_by_file, split_by_source

SplitBy: TypeAlias = Literal["time", "file", "source"]
_CHUNK = 8  # files handed to a process at a time


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a corpus is made of and how."""

    specs: tuple[str, ...]
    cut: str = "auto"
    """A commit, tag or date to split one repository at; `auto` finds one; `none` splits otherwise."""
    by_source: bool = False
    """Keep back whole sources, where there is no cut."""
    held_out_share: float = 0.1
    policy: Policy = field(default_factory=Policy)
    evaluations: tuple[str, ...] = ()
    """Texts that must not be in the training files."""
    columns: dict[str, str] = field(default_factory=dict)
    """See `open_source`."""
    num_proc: int = 1
    seed: int = 0
    memory: Path | None = None
    """A file that remembers what became of each file, for the next corpus; then one process does all."""


@dataclass(slots=True)
class Tally:
    """What became of every file, by the reason. Grows while a corpus streams."""

    dropped: Counter[str] = field(default_factory=Counter)
    credentials: Counter[str] = field(default_factory=Counter)
    split_by: SplitBy = "file"
    sources: list[dict[str, Any]] = field(default_factory=list)
    on_drop: Callable[[str, str, str], None] = lambda source, path, reason: None
    """Told of each dropped file: source, path, reason."""

    def drop(self, examined: Examined, reason: str) -> None:
        """Count a file that is left out."""
        self.dropped[reason] += 1
        self.on_drop(examined.source, examined.path, reason)


def stream(recipe: Recipe, tally: Tally) -> Iterator[Sided]:
    """The files of a recipe with their sides, as they come; the tally is complete when they have all come."""
    sources = told_apart(open_source(spec, recipe.columns) for spec in recipe.specs)
    history = _history(sources, recipe)
    if history is not None:
        tally.split_by = "time"
        return _by_time(history, recipe, tally)
    tally.sources = [_told(source) for source in sources]
    raws = (raw for source in sources for raw in source.files)
    kept = _kept(raws, recipe, tally)
    if recipe.by_source:
        tally.split_by = "source"
        sides = split_by_source([source.name for source in sources], recipe.held_out_share, recipe.seed)
        return ((sides[file.source], file) for file in kept)
    return split_by_file(kept, recipe.held_out_share, recipe.seed)


def _told(source: Source) -> dict[str, Any]:
    """What the report and an adapter's manifest say of a source."""
    where = {"folder": str(source.folder.resolve())} if source.folder else {}
    return {"source": source.name, **where, **source.facts}


def _history(sources: list[Source], recipe: Recipe) -> History | None:
    """The history to split by: where one folder is read as it stands, and a cut is not ruled out."""
    if recipe.cut == "none" or recipe.held_out_share == 0 or recipe.by_source:
        return None
    own = [
        source.folder
        for source, spec in zip(sources, recipe.specs, strict=True)
        if source.folder and not source.commit and not spec.startswith("package:")
    ]
    if len(sources) == len(own) == 1:
        return open_history(own[0], recipe.cut)
    if recipe.cut != "auto":
        raise BadInput(f"A cut ({recipe.cut}) needs one folder in a git repository, not {', '.join(recipe.specs)}.")
    return None


def _by_time(history: History, recipe: Recipe, tally: Tally) -> Iterator[Sided]:
    before = history.before
    tally.sources = [{**_told(before), "cut": history.cut, "head": history.head}]
    for file in _kept(before.files, recipe, tally):
        yield "train", file
    # Files to measure with are mostly later states of files trained on: they are judged by line, not as copies.
    old = history.old_lines()
    for examined, _ in _examined(history.after(), recipe):
        if examined.file is not None and not examined.credentials:
            path = examined.path
            lines = truly_new(examined.file.text, history.new_lines[path], old.get(path, []))
            if lines:
                yield "test", replace(examined.file, new_lines=lines)


def _kept(raws: Iterable[RawFile], recipe: Recipe, tally: Tally) -> Iterator[SourceFile]:
    digests: set[str] = set()
    twins = NearDuplicates()
    evaluations = Evaluations(recipe.evaluations)
    for examined, signature in _examined(raws, recipe):
        file = examined.file
        tally.credentials.update(examined.credentials)
        if file is None:
            tally.drop(examined, examined.reason)
        elif file.digest in digests:
            tally.drop(examined, "same content as another file")
        elif twins.twin_of(f"{file.source}/{file.path}", signature):
            tally.drop(examined, "much the same as another file")
        elif evaluations.are_in(file.text):
            tally.drop(examined, "holds an evaluation's text")
        else:
            digests.add(file.digest)
            yield file


def _examine_and_sign(raw: RawFile, policy: Policy) -> Signed:
    examined = examine(raw, policy)
    return examined, None if examined.file is None else signature_of(examined.file.text)


def _examined(raws: Iterable[RawFile], recipe: Recipe) -> Iterator[Signed]:
    """In order, on several processes where more than one is asked for."""
    work = partial(_examine_and_sign, policy=recipe.policy)
    if recipe.memory is not None:
        yield from map(remembering(work, recipe.memory, recipe.policy), raws)
        return
    with multiprocessing.Pool(recipe.num_proc) if recipe.num_proc > 1 else nullcontext() as pool:
        yield from map(work, raws) if pool is None else pool.imap(work, raws, _CHUNK)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files in memory, for a folder that is tuned on as it stands."""

    training: tuple[SourceFile, ...]
    test: tuple[SourceFile, ...]
    tally: Tally


def read_corpus(recipe: Recipe) -> Corpus:
    """All files of a recipe, in order of their paths. Raises `BadFile` when nothing is left to train on."""
    tally = Tally()
    sided = sorted(stream(recipe, tally), key=lambda each: (each[1].source, each[1].path))
    training = tuple(file for side, file in sided if side == "train")
    if not training:
        reasons = ", ".join(f"{count} {reason}" for reason, count in tally.dropped.most_common()) or "nothing is there"
        raise BadFile(f"{', '.join(recipe.specs)} holds no source file that can be used ({reasons}).")
    return Corpus(training, tuple(file for side, file in sided if side == "test"), tally)
