"""Cutting holes out of files that training has not seen, and judging those that are brought.

Languages and kinds take turns, and within each of them files, so that a few holes already stand for all of them:

line       a statement that has its line to itself      condition  what an `if` or a `while` asks
rest       from inside such a line to its end           control    the header of a loop or branch
block      the statements of a block                    algorithm  the body of a loop or branch
arguments  what stands between a call's brackets        api        a call of something imported
random     any characters                               empty      nothing: after a whole statement
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeAlias, TypeVar

from finetab.completion.neighbours import Neighbours
from finetab.completion.related import bare_chunk
from finetab.completion.request import CompletionRequest
from finetab.documents import Document
from finetab_training.data.hole import Hole
from finetab_training.data.source_file import SourceFile
from finetab_training.data.spans import FileSpans, Span, SpanKind
from finetab_training.data.trained import Trained

KINDS: tuple[SpanKind, ...] = (
    "line", "rest", "block", "arguments", "condition", "random", "control", "algorithm", "api", "empty",
)  # fmt: skip
WRITTEN: tuple[SpanKind, ...] = ("line", "rest", "block")
"""What is written most of the time, for figures that hang on what an editor asks for."""

NEIGHBOURS = 512
"""Files that a hole's context is picked from, as many as in training."""

_CHARACTERS_PER_RANDOM = 400  # of a file: one random span for so many
_Place: TypeAlias = tuple[SourceFile, Span]
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Cut:
    """Holes, and how many more were dropped because training had seen their lines."""

    holes: tuple[Hole, ...]
    num_seen: int


def cut_holes(
    files: Sequence[SourceFile],
    limit: int,
    seed: int,
    trained: Trained | None = None,
    neighbours: tuple[Document, ...] = (),
    kinds: Sequence[SpanKind] = KINDS,
) -> Cut:
    """Up to `limit` holes, none of lines all trained on, each with the code that a server would pick for it."""
    cut = unseen(_in_turn(files, kinds, Random(f"{seed}/holes")), limit, trained or Trained())
    return replace(cut, holes=tuple(in_context(cut.holes, neighbours)))


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


def in_context(holes: Iterable[Hole], neighbours: tuple[Document, ...]) -> Iterator[Hole]:
    """The holes, each with the code that a server picks when these files stand open beside the hole's own."""
    picker = Neighbours()
    for hole in holes:
        picker.forget()
        request = CompletionRequest(hole.document(), len(hole.prefix), neighbours=neighbours)
        picked = picker.related_to(request).chunks if neighbours else ()
        yield replace(hole, context=tuple(bare_chunk(chunk.path, chunk.line, chunk.text) for chunk in picked))


def partly_typed(hole: Hole) -> Hole:
    """A hole of whose first line some letters have been typed, as an editor asks while a person types."""
    first_line = hole.middle.split("\n", 1)[0]
    count = Random(f"{hole.path}/{len(hole.prefix)}").randrange(1, max(2, len(first_line)))
    return replace(hole, prefix=hole.prefix + hole.middle[:count], middle=hole.middle[count:])


def _in_turn(files: Sequence[SourceFile], kinds: Sequence[SpanKind], generator: Random) -> Iterator[Hole]:
    """A place of each language and kind, then the next ones, until nothing is left; no place twice.

    Those that overlap one before them come last: they ask for the same text once more.
    """
    strata: defaultdict[tuple[str, SpanKind], list[list[_Place]]] = defaultdict(list)
    for file in sorted(files, key=lambda file: file.path):
        spans = FileSpans(file.tree())
        for kind in kinds:
            found = _spans(file, spans, kind, generator)
            chosen = [(file, span) for span in found if file.is_new(span.start, span.end)]
            generator.shuffle(chosen)
            strata[file.language.name, kind].append(chosen)
    for stratum in strata.values():
        generator.shuffle(stratum)
    for file, span in _apart_first(_rounds([_rounds(map(iter, stratum)) for stratum in strata.values()])):
        yield _hole(file, span)


def _apart_first(places: Iterable[_Place]) -> Iterator[_Place]:
    """Those that have no character in common with one before them, then the others; none twice."""
    taken: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    others: dict[tuple[str, int, int], _Place] = {}
    for file, span in places:
        start, end, within = span.start, span.end, taken[file.place]
        if any(start < below and above < end for above, below in within):
            others.setdefault((file.place, start, end), (file, span))
        elif (start, end) not in within:
            within.add((start, end))
            yield file, span
    for (path, start, end), place in others.items():
        if (start, end) not in taken[path]:
            yield place


def _spans(file: SourceFile, spans: FileSpans, kind: SpanKind, generator: Random) -> list[Span]:
    if kind != "random":
        return spans.of(kind)
    wanted = -(-len(file.text) // _CHARACTERS_PER_RANDOM)
    drawn = [spans.draw_random(generator) for _ in range(wanted)]
    return [span for span in drawn if file.text[span.start : span.end].strip()]


def _rounds(iterators: Iterable[Iterator[_Item]]) -> Iterator[_Item]:
    """One from each, then the next ones, until all have ended."""
    left = list(iterators)
    while left:
        going = []
        for iterator in left:
            for item in iterator:
                going.append(iterator)
                yield item
                break
        left = going


def _hole(file: SourceFile, span: Span) -> Hole:
    text = file.text
    return Hole(
        file.place, file.language.name, text[: span.start], text[span.end :], text[span.start : span.end], span.kind
    )
