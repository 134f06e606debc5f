"""A report of two techniques of two seeds on four holes, and one that failed, made without any model."""

from typing import Any

from finetab_training.compare.config import Comparison, Technique
from finetab_training.compare.measuring import Answers
from finetab_training.compare.report import Outcome, summary
from finetab_training.compare.search import Try
from finetab_training.compare.training import Figures
from finetab_training.config import RunConfig
from finetab_training.evaluate.runner import Result

FACTS = {"training_files": 8, "validation_files": 2, "measured_files": 3, "holes": 4, "holes_dropped": 1,
         "general_holes": 2, "split": "file"}  # fmt: skip


def results(*similarities: float) -> list[Result]:
    return [Result("a.py", "line", "x", "y", each == 1.0, each, "", 1.0, 1, 0, 1, 0.0) for each in similarities]


def outcome(name: str, loss: float, memory: float, similarities: tuple[float, float]) -> Outcome:
    """`similarities` are those of all holes with seed 0 and with seed 1."""
    figures = {seed: Figures(loss, 3.0, 1000, 2_000_000, memory, 50.0, 20.0 + seed, 5) for seed in (0, 1)}
    answers = {seed: Answers(results(*[each] * 4), results(0.25, 0.25), 0.1) for seed, each in enumerate(similarities)}
    return Outcome(Technique(name, "lora", 1e-4, {"r": 4}), (Try(1.0, loss), Try(0.5, None)), figures, answers)


def comparison(out: Any) -> Comparison:
    techniques = (Technique("one", "lora", 1e-4, {"r": 4}), Technique("two", "lora", 1e-4), Technique("bad", "lora", 1))
    return Comparison(out, RunConfig(data="some", base="small"), techniques, seeds=(0, 1), rates=(0.5, 1.0))


def report(out: Any) -> dict[str, Any]:
    """The second technique is better and takes more memory; the base is at a half on each hole."""
    made = comparison(out)
    base = Answers(results(0.5, 0.5, 0.5, 0.5), results(0.5, 0.5))
    one, two = outcome("one", 2.0, 1.0, (0.5, 0.7)), outcome("two", 1.5, 4.0, (0.9, 1.0))
    return summary(made, FACTS, base, [one, two, Outcome(made.techniques[2], failed="It has no wings.")])
