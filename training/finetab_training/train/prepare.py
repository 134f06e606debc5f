"""What can be known of a run before anything slow is imported: every mistake in it is told here, at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetab.core import manifest
from finetab.core.pointer import BASE
from finetab.core.weights import base_folder
from finetab.errors import BadFile
from finetab_training.config import RunConfig
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.fim_samples import mix_of
from finetab_training.data.source_file import SourceFile
from finetab_training.data.split import split_validation
from finetab_training.methods.registry import check_method
from finetab_training.runs import Run, is_first_process
from finetab_training.train.start import start_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run's files, and what its manifest says of them."""

    training: Sequence[SourceFile]
    validation: Sequence[SourceFile]
    """What chooses among checkpoints. Nothing is measured with it, so that it counts as trained on."""
    facts: dict[str, Any]


def prepare(run: Run) -> Prepared | None:
    """Check the names in a run's config and read its files.

    None for a run that goes on and has its rows, and in all processes of a run but the first.

    Raises `FinetabError` with what to do.
    """
    config = run.config
    out = Path(config.out)
    if out.exists() and not (out / manifest.FILE_NAME).is_file() and (out.is_file() or any(out.iterdir())):
        raise BadFile(f"{out} exists and is no adapter; choose another --out.")
    check_method(config.method)
    mix_of(config)
    base_folder(config.base)
    start = start_of(config)
    if run.goes_on() or not is_first_process():
        return None
    prepared = _read(config)
    return replace(prepared, facts=prepared.facts | {"start": start[1].label if start else BASE})


def _read(config: RunConfig) -> Prepared:
    """The training side of a dataset, or of a source that is tuned on as it stands."""
    from finetab_training.data import dataset  # noqa: PLC0415 - imports pandas, which a plain folder does not need

    if dataset.is_dataset(Path(config.data)):
        training, test, report = dataset.read_dataset(Path(config.data))
        told = (report["split"]["by"], report["sources"], report["dropped"])
        validation = dataset.read_validation(Path(config.data)) or split_validation(test, config.seed)[0]
        return Prepared(training, validation, _facts(config, len(training), len(test), *told))
    recipe = Recipe((config.data,), cut=config.cut, held_out_share=config.held_out_share, seed=config.seed)
    corpus = read_corpus(recipe)
    told = (corpus.tally.split_by, corpus.tally.sources, dict(corpus.tally.dropped))
    validation, _ = split_validation(corpus.test, config.seed)
    return Prepared(corpus.training, validation, _facts(config, len(corpus.training), len(corpus.test), *told))


def _facts(
    config: RunConfig, num_training: int, num_test: int, split_by: str, sources: list[Any], dropped: dict[str, int]
) -> dict[str, Any]:
    return {
        "data": str(Path(config.data).resolve()) if Path(config.data).exists() else config.data,
        "sources": sources,
        "split": split_by,
        "files": num_training,
        "files_held_out": num_test,
        "left_out": dropped,
    }
