"""Cutting holes out of files that training has not seen, and judging those that are brought."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from finetab_training.data.hole import Hole
from finetab_training.data.source_file import SourceFile
from finetab_training.data.spans import FileSpans, SpanKind
from finetab_training.data.trained import Trained

KINDS: tuple[SpanKind, ...] = ("line", "rest", "block")


@dataclass(frozen=True, slots=True)
class Cut:
    """Holes, and how many more were dropped because training had seen their lines."""

    holes: tuple[Hole, ...]
    num_seen: int


def cut_holes(files: Sequence[SourceFile], limit: int, seed: int, trained: Trained | None = None) -> Cut:
    """Up to `limit` holes, kinds and files in turn, none whose every line was trained on."""
    return unseen(_in_turn(files, Random(f"{seed}/holes")), limit, trained or Trained())


def unseen(candidates: Iterable[Hole], limit: int, trained: Trained) -> Cut:
    """The first `limit` holes that training has not seen. A hole is judged by all of the lines that it touches."""
    holes: list[Hole] = []
    num_seen = 0
    for hole in candidates:
        if len(holes) == limit:
            break
        if trained.has_text(hole.whole_lines):
            num_seen += 1
        else:
            holes.append(hole)
    return Cut(tuple(holes), num_seen)


def partly_typed(hole: Hole) -> Hole:
    """A hole of whose first line some letters have been typed, as an editor asks while a person types."""
    first_line = hole.middle.split("\n", 1)[0]
    count = Random(f"{hole.path}/{len(hole.prefix)}").randrange(1, max(2, len(first_line)))
    return replace(hole, prefix=hole.prefix + hole.middle[:count], middle=hole.middle[count:])


def _in_turn(files: Sequence[SourceFile], generator: Random) -> Iterator[Hole]:
    """One hole of each kind from each file, then the next ones, until nothing is left."""
    stacks: list[list[Hole]] = []
    for file in sorted(files, key=lambda file: file.path):
        spans = FileSpans(file.tree())
        for kind in KINDS:
            chosen = [span for span in spans.of(kind) if file.is_new(span.start, span.end)]
            generator.shuffle(chosen)
            stacks.append([
                Hole(file.place, file.language.name, file.text[: span.start], file.text[span.end :],
                     file.text[span.start : span.end], kind)
                for span in chosen
            ])  # fmt: skip
    generator.shuffle(stacks)
    while stacks:
        stacks = [stack for stack in stacks if stack]
        for stack in stacks:
            yield stack.pop()
