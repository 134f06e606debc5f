"""`finetab tune --dry-run`: what a tune would train on and measure with, the memory that takes, and how long."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from finetab.core.base import read_base
from finetab.core.device import pick_device, pick_dtype
from finetab_training.config import RunConfig
from finetab_training.data.dataset import read_dataset, write_dataset
from finetab_training.data.fim_samples import SampleMaker, mix_of
from finetab_training.data.source_file import SourceFile
from finetab_training.train.dry_run import dry_run
from finetab_training.train.pace import Pace, pace_of
from finetab_training.train.random_base import base_shape
from finetab_training.tune.material import check_material
from finetab_training.tune.plan import Plan

_LOOKED_AT = 30  # files whose samples are drawn, to know how long they are
_ANSWER_TOKENS = 12  # of a line, about


def foresee(plan: Plan, console: Console) -> None:
    """Say what a tune would do, without training, and without writing anything for good.

    Raises `BadFile` where it would have nothing to measure with.
    """
    config = plan.config
    with TemporaryDirectory() as scratch:
        report = write_dataset(plan.recipe(), Path(scratch) / "dataset", lambda tally: None)
        training, kept_back, _ = read_dataset(Path(scratch) / "dataset")
        split = report["split"]["by"]
        check_material(plan, training, kept_back, split)
        tokens = _tokens(config, training)
    train, test = report["train"], report["test"]
    console.print(f"the adapter would be {plan.name}")
    console.print(f"{train['files']} files, {train['characters']:,} characters to train on; about {tokens:,} tokens")
    console.print(f"{test['files']} files to measure with, split by {split}, {test['new_lines']:,} new lines")
    dry_run(config, console, random_weights=False)
    arms = 3 + 2 * bool(plan.retrieval_tokens)
    console.print(f"{arms} arms, and what is in force, on up to {plan.num_holes} holes; two on as many general ones")
    device = pick_device(config.device)
    pace = pace_of(base_shape(config.base), device, pick_dtype(config.dtype, device))
    answers = (arms + 2) * plan.num_holes + plan.num_tried_by_heart
    console.print(
        f"on this machine, as busy as it is now: {_lasts(tokens * pace.training)} to train, "
        f"at most {_lasts(answers * _answer_seconds(pace, config))} to measure",
        highlight=False,
    )


def _tokens(config: RunConfig, files: Sequence[SourceFile]) -> int:
    """About how many tokens the rows will hold: samples of a few files are drawn."""
    base = read_base(config.base)
    maker = SampleMaker(base.tokenizer, base.fim, config.budgets, mix_of(config))
    looked_at = files[:: max(1, len(files) // _LOOKED_AT)]
    drawn = sum(len(sample.ids) for file in looked_at for sample in maker.samples(file, config.seed, 0))
    share = sum(len(file.text) for file in looked_at) / sum(len(file.text) for file in files)
    whole = int(config.epochs * drawn / share)
    most = config.max_steps * config.rows_per_step * config.row_tokens
    return most or whole


def _answer_seconds(pace: Pace, config: RunConfig) -> float:
    return (config.prefix_tokens + config.suffix_tokens) * pace.reading + _ANSWER_TOKENS * pace.writing


def _lasts(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{max(1, minutes)} min"
