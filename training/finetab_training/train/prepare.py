"""What can be known of a run before anything slow is imported: every mistake in it is told here, at once."""

from dataclasses import dataclass
from pathlib import Path

from finetab.core import manifest
from finetab.core.weights import base_folder
from finetab.errors import BadFile
from finetab_training.config import RunConfig
from finetab_training.data.corpus import Corpus, SourceFile, read_corpus
from finetab_training.data.split import split_files
from finetab_training.methods.registry import check_method


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run's files: all of them, those to train on, and those kept back to measure with."""

    corpus: Corpus
    training: tuple[SourceFile, ...]
    held_out: tuple[SourceFile, ...]


def prepare(config: RunConfig) -> Prepared:
    """Check the names in a config and read its files. Raises `FinetabError` with what to do."""
    out = Path(config.out)
    if out.exists() and not (out / manifest.FILE_NAME).is_file() and (out.is_file() or any(out.iterdir())):
        raise BadFile(f"{out} exists and is no adapter; choose another --out.")
    check_method(config.method)
    base_folder(config.base)
    corpus = read_corpus(Path(config.data))
    training, held_out = split_files(corpus.files, config.held_out_share, config.seed)
    return Prepared(corpus, tuple(training), tuple(held_out))
