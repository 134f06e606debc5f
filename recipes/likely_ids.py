"""Make the list of ids that a base's head is asked for at each step: those that code is mostly written with.

    python recipes/likely_ids.py FOLDER... [--base default] [--size 32768]

Counts the ids of the files below the folders, of all kinds that finetab completes and a few that stand beside code.
Each kind counts as much as another, however many files there are of it. Prints how much of each the list covers.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from rich.console import Console
from rich.table import Table

from finetab.core.base import read_base, read_config
from finetab.core.languages import language_of
from finetab.core.likely import list_path
from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids

_BESIDE = {".md": "markdown", ".rst": "markdown", ".css": "css", ".html": "html", ".toml": "toml", ".yaml": "yaml"}
_MOST_BYTES = 200_000  # of a file: longer ones are data
_LONGEST_LINE = 400  # characters: longer ones are minified
_MOST_FILES = 3_000  # of a kind
_ENOUGH = 200_000  # ids of a kind for it to count as much as another


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--base", default="default")
    parser.add_argument("--size", type=int, default=32_768, help="ids in the list")
    options = parser.parse_args()
    base = read_base(options.base)
    counts = counted(files_by_kind(options.folders), base.tokenizer, base.num_logits)
    frequencies = [ids / max(ids.sum(), _ENOUGH) for ids in counts.values()]
    likely = np.sort(np.argsort(-np.sum(frequencies, axis=0), kind="stable")[: options.size])
    path = list_path(read_config(base.folder)["model_type"], base.num_logits)
    np.save(path, np.packbits(np.isin(np.arange(base.num_logits), likely)))  # a bit for each id
    show(counts, likely)
    Console().print(f"{len(likely)} of {base.num_logits} ids, in {path}")


def files_by_kind(folders: list[Path]) -> dict[str, list[Path]]:
    """The files to be counted, drawn where there are many of a kind."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        language = language_of(path.name)
        kind = language.name if language else _BESIDE.get(path.suffix)
        if kind and path.is_file() and path.stat().st_size <= _MOST_BYTES:
            found[kind].append(path)
    generator = Random(0)
    return {kind: generator.sample(paths, min(len(paths), _MOST_FILES)) for kind, paths in found.items()}


def counted(files: dict[str, list[Path]], tokenizer: Tokenizer, num_ids: int) -> dict[str, Ids]:
    """How often each id stands in the files of each kind."""
    found = {}
    for kind, paths in sorted(files.items()):
        found[kind] = np.zeros(num_ids, dtype=np.int64)
        for text in texts(paths):
            found[kind] += np.bincount(tokenizer.encode(text), minlength=num_ids)
    return found


def texts(paths: list[Path]) -> Iterator[str]:
    """What can be read and has been written by hand."""
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if max(map(len, text.split("\n"))) <= _LONGEST_LINE:
            yield text


def show(counts: dict[str, Ids], likely: Ids) -> None:
    """How much of each kind the list covers."""
    table = Table("kind", "ids", "not in the list, of 1,000")
    for kind, ids in counts.items():
        if ids.sum():
            table.add_row(kind, f"{ids.sum():,}", f"{1000 * (1 - ids[likely].sum() / ids.sum()):.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
