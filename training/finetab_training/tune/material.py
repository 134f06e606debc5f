"""Whether a tune has anything to measure with: told before it trains, which takes hours."""

from finetab.errors import BadFile
from finetab_training.data.dataset import Files
from finetab_training.data.split import split_validation
from finetab_training.data.trained import trained_on
from finetab_training.evaluate.holes import WRITTEN, Cut, cut_holes
from finetab_training.tune.plan import Plan

_WHY_NONE = {
    "time": "nothing was written after the cut that was not there before. "
    "Commit some work and tune again, or name an earlier --cut.",
    "file": "it is not cut by time but by file, and the files kept back to measure with hold nothing that is not in "
    "the others. Add files, or tune a git repository with two commits or more.",
}


def check_material(plan: Plan, train: Files, test: Files, split_by: str) -> None:
    """Raise `BadFile` where no hole could be cut from a corpus that training has not seen."""
    measured = split_validation(test, plan.config.seed)[1] if plan.config.held_out_rows else test
    some(plan, cut_holes(measured, 1, plan.config.seed, trained_on(train).with_texts(train), kinds=WRITTEN), split_by)


def some(plan: Plan, cut: Cut, split_by: str) -> Cut:
    """The cut itself. Raises `BadFile` where there is no hole in it."""
    if not cut.holes:
        raise BadFile(f"No hole can be cut from {plan.root}: {_WHY_NONE[split_by]}")
    return cut
