"""A comparison's report for people: tables, what they rest on, and what they do not say."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetab_training.compare.report import COSTS, QUALITY
from finetab_training.compare.search import MAX_BEYOND
from finetab_training.evaluate.gate import MIN_HOLES
from finetab_training.evaluate.tables import with_interval

_FEW_SEEDS = 5


def markdown(made: Mapping[str, Any], plots: Sequence[str]) -> str:
    """The whole report; `plots` are names of files beside it."""
    config, train = made["config"], made["config"]["train"]
    parts = [
        f"# {len(made['techniques'])} techniques on {train['base']}",
        f"{made['created']}; the config is in `comparison.json`, all figures are in `report.json`.",
        "## Quality",
        _quality(made),
        "## Cost",
        _cost(made),
        *(f"![{name}]({name})" for name in plots),
        "\n".join(_front(made, cost) for cost in COSTS),
        *_failed(made["failed"]),
        *_search(made),
        "## What it rests on",
        "\n".join(f"- {line}" for line in _method(made)),
        "## Repeat it",
        f"`finetab compare` with the config in `comparison.json`; seeds {_listed(config['seeds'])}; "
        + ", ".join(f"{name} {version}" for name, version in made["environment"]["libraries"].items())
        + f"; {made['environment']['platform']}, {made['environment']['cpus']} CPUs.",
    ]
    return "\n\n".join(parts) + "\n"


def _quality(made: Mapping[str, Any]) -> str:
    first = made["first"]
    head = ("technique", "exact %", "similarity %", "similarity - base", f"similarity - {first}", "elsewhere - base",
            "held-out loss: before, after")  # fmt: skip
    base = made["base"]["holes"]
    rows = [("base alone", with_interval(base["exact_match"]), with_interval(base[QUALITY]), "", "", "", "")]
    for name, row in made["techniques"].items():
        loss = row["held_out_loss"]
        rows.append((
            name, with_interval(row["exact_match"]), with_interval(row[QUALITY]),
            _points(row["against_base"]), _points(row["against_first"]), _points(row["general_against_base"]),
            f"{loss['before']:.3f}, " + _after(loss),
        ))  # fmt: skip
    words = (
        "Differences are in points of edit similarity. *Elsewhere* are the general holes, code of other projects: what "
        "was forgotten shows there, less what is gained by knowing how holes are asked. Losses are of the base as it "
        "is held in training, in 4 bits by some techniques: their changes can be compared."
    )
    return f"{_table(head, rows)}\n\n{words}"


def _after(loss: Mapping[str, Any]) -> str:
    return "no number" if loss["mean"] is None else f"{loss['mean']:.3f} ({loss['mean'] - loss['before']:+.3f})"


def _points(found: Mapping[str, Any]) -> str:
    if not found:
        return ""
    mean, low, high = (100 * found[QUALITY][name] for name in ("mean", "low", "high"))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def _cost(made: Mapping[str, Any]) -> str:
    head = ("technique", "what it is", "trained", "steps", "adapter MB", "peak GB", "tokens/s", "training s", "swap s")
    rows = [
        (name, _what(row), f"{row['parameters']:,}", _spread(row["steps"], 0), _spread(row["adapter_mb"], 1),
         _spread(row["peak_memory_gb"], 2), _spread(row["tokens_per_second"], 0), _spread(row["seconds"], 0),
         _spread(row["swap_seconds"], 2))
        for name, row in made["techniques"].items()
    ]  # fmt: skip
    return f"{_table(head, rows)}\n\nMedians over seeds, with the lowest and the highest where they differ."


def _what(row: Mapping[str, Any]) -> str:
    return ", ".join([f"`{row['method']}`", *(f"{name} {value}" for name, value in row["options"].items())])


def _spread(found: Mapping[str, float], digits: int) -> str:
    middle, low, high = (f"{found[name]:.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}-{high})"


def _front(made: Mapping[str, Any], cost: str) -> str:
    return f"- No technique is both better and cheaper, by {COSTS[cost]}: {', '.join(made['fronts'][cost])}."


def _failed(failed: Mapping[str, str]) -> list[str]:
    if not failed:
        return []
    return ["## Failed", "\n".join(f"- {name}: {sentence}" for name, sentence in failed.items())]


def _search(made: Mapping[str, Any]) -> list[str]:
    if len(made["config"]["rates"]) == 1:
        return []
    names = list(made["techniques"])
    rows = []
    for name in names:
        row, own = made["techniques"][name], made["config"]["techniques"][name]["learning_rate"]
        tries = ", ".join(f"{own * each['rate']:.2g}: {_loss(each['loss'])}" for each in row["tries"])
        edge = ", at the edge" if row["at_edge"] else ""
        rows.append((name, tries, f"{row['learning_rate']:.2g}{edge}"))
    return ["## Learning rates", _table(("technique", "rate: loss", "chosen"), rows)]


def _loss(loss: float | None) -> str:
    return "no number" if loss is None else f"{loss:.3f}"


def _method(made: Mapping[str, Any]) -> list[str]:
    config, facts, train = made["config"], made["material"], made["config"]["train"]
    rates, seeds = config["rates"], config["seeds"]
    return [
        f"The same rows for all techniques: {facts['training_files']} files of {train['data']}; "
        f"with each seed another order and other cuts.",
        *_budget(rates, config["search_steps"], train["held_out_rows"], facts["validation_files"]),
        f"Each technique was then trained with {counted(len(seeds), 'seed')} for {_length(train)}; of each training "
        "the step with the least held-out loss was kept. That loss also chose the rate, so it flatters, all alike.",
        f"Measured on {facts['holes']} holes (lines, rests of lines, blocks) in {facts['measured_files']} other files"
        f"{', in lines that came after the cut' if facts['split'] == 'time' else ''}, and on {facts['general_holes']} "
        f"general holes. Dropped because training or the validation rows hold their lines: {facts['holes_dropped']}.",
        "Answers are those of the pipeline that serves, in full precision for all; the base is asked as it is served "
        "without an adapter. Swap is the time from the order until an adapter can be asked where the base is loaded.",
        "Intervals are 95% bootstrap intervals over files, their holes, and seeds: all are drawn anew, a seed for all "
        "of its holes at once; differences are paired by hole and by seed.",
        *_limits(facts["holes"], len(seeds), len(made["techniques"])),
    ]


def _length(train: Mapping[str, Any]) -> str:
    """Of each training, as it was told; the table of costs has what it came to."""
    most = counted(train["max_steps"], "step") if train["max_steps"] else counted(train["epochs"], "epoch")
    if not train["patience"]:
        return most
    looks = counted(train["patience"], "look")
    return f"{most}, or until {looks} in a row, {counted(train['save_steps'], 'step')} apart, saw no better loss"


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 step", "2 steps"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _budget(rates: Sequence[float], steps: int, rows: int, files: int) -> list[str]:
    if len(rates) == 1:
        return ["No learning rate was looked for: each technique has the one of the config."]
    return [
        f"The same rule for all: {len(rates)} learning rates, {_listed(rates)} times the technique's own, and up to "
        f"{MAX_BEYOND} more beyond where the best was the lowest or the highest; {steps} steps each with one seed. The "
        f"least loss on {rows} rows of {files} validation files chose. The rate of sentinel rows was multiplied alike. "
        "A choice still at the edge may not be the best one."
    ]


def _limits(num_holes: int, num_seeds: int, num_techniques: int) -> list[str]:
    found = [
        "Tokens a second are those of the median step; the time of training follows from them and from what putting "
        "the technique on the base took; on a machine as busy as it was."
    ]
    if num_seeds == 1:
        found.append("With one seed the intervals say nothing of a seed's luck.")
    elif num_seeds < _FEW_SEEDS:
        found.append(f"With {num_seeds} seeds, a seed's luck is known roughly: intervals are a little too narrow.")
    if num_techniques > 2:
        found.append(
            f"{num_techniques} techniques are compared side by side: of 20 such intervals one misses by chance, so "
            "that a single one that leaves 0 out is weak evidence."
        )
    if num_holes < MIN_HOLES:
        found.append(f"With fewer than {MIN_HOLES} holes, only large differences can be told from chance.")
    return found


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
