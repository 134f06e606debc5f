"""What a training run is told: one frozen config, from defaults, a TOML file and the command line, in that order."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import inf
from pathlib import Path
from typing import Any

from finetab.core.device import pick_device
from finetab.core.fim import Form
from finetab.core.home import from_home
from finetab.core.manifest import Budgets
from finetab.errors import BadFile, BadSetting, near_match

_PATHS = ("data", "out", "start")
_SHARES = ("left_to_right_share", "prefix_share", "psm_share", "short_share")
MAX_SEED = 2**32 - 1
"""numpy's generators take no larger one."""
OPTIMISERS = ("auto", "adamw", "paged_adamw_8bit")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that decides what a run does. The defaults suit a base of 100M to 300M parameters."""

    data: str = ""
    """A dataset of `finetab data build`, or a source: a folder, FOLDER@COMMIT, package:NAME, FILE.whl or hub:ID."""
    out: str = ""
    """The folder of the adapter to be."""
    base: str = "default"
    start: str = "auto"
    """An adapter whose additions training goes on with: a name or folder, `base` for none, or `auto`: the one that
    finetab ships for the base, where there is one and the method can go on with it."""
    method: str = field(default_factory=lambda: "qlora" if pick_device("auto").type == "cuda" else "lora")
    """A technique of `finetab methods`. An adapter does best on weights as they are served, and nothing but a GPU
    serves them in 4 bits; on a CPU training with them takes longer as well."""
    options: dict[str, Any] = field(default_factory=dict)
    """The method's own options, such as `r` and `alpha`."""
    device: str = "auto"
    dtype: str = "auto"
    form: Form = "spm"
    """The order of parts, `spm` or `psm`."""
    prefix_tokens: int = 512
    suffix_tokens: int = 128
    context_tokens: int = 0
    """Of code from other files of the same source; the server then takes as much from open files."""
    short_share: float = 0.0
    """Of FIM samples, those with a third of the prefix and suffix: what a middle owes to what stands next to it is
    learned from these in a third of the time."""
    max_middle_tokens: int = 128
    left_to_right_share: float = 0.25
    kinds: dict[str, Any] = field(default_factory=dict)
    """Weights of kinds of middles, in place of those in `data/spans.py`; 0 leaves a kind out."""
    prefix_share: float = 0.0
    """Of the tokens of a FIM sample's prefix, drawn ones that the loss counts beside middle and end."""
    psm_share: float = 0.0
    cut: str = "auto"
    """Where a folder's git history is split: a commit, tag or date, `auto`, or `none` to split by file."""
    held_out_share: float = 0.1
    """Files kept back to measure with, where there is no cut."""
    characters_per_sample: int = 400
    row_tokens: int = 1024
    rows_per_step: int = 2
    epochs: int = 1
    max_steps: int = 0
    """Stop after so many steps; 0 goes by `epochs`."""
    learning_rate: float = 1.5e-4
    sentinel_learning_rate: float = 3e-3
    warmup_share: float = 0.05
    decay_steps: int = 0
    """The learning rate holds until so many steps before the end, and falls to 0 in them; 0: it falls all the time."""
    optimiser: str = "auto"
    """`adamw`, `paged_adamw_8bit` (bitsandbytes), or `auto`: 8 bits on CUDA."""
    gradient_checkpointing: bool = False
    save_steps: int = 25
    """A checkpoint, and a look at the held-out loss, each so many steps; the best one is kept."""
    held_out_rows: int = 8
    """Rows of files kept back that give the held-out loss; 0 keeps the last step, not the best."""
    patience: int = 4
    """Stop after so many looks without a better loss; 0 goes on to the end."""
    seed: int = 0

    @property
    def budgets(self) -> Budgets:
        """The token budgets of prompts, in training and in service."""
        return Budgets(self.prefix_tokens, self.suffix_tokens, self.context_tokens)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for the run's folder."""
        return asdict(self)


def read_config(path: Path) -> dict[str, Any]:
    """The entries of a TOML file. Raises `BadFile` when it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(f"{path} cannot be read as a run config: {error}.") from error


def make_config(*layers: Mapping[str, Any]) -> RunConfig:
    """A config from mappings, later ones first in rank; raises `BadSetting` with every fault at once."""
    config, faults = RunConfig(), []
    kinds = {item.name: type(getattr(config, item.name)) for item in fields(RunConfig)}
    for key, value in ((key, value) for layer in layers for key, value in layer.items()):
        kind = kinds.get(key)
        if kind is None:
            faults.append(f'Unknown entry "{key}" in the run config{near_match(key, kinds)}')
        elif kind is float and isinstance(value, int) and not isinstance(value, bool):
            config = _with(config, key, float(value))
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            faults.append(f"{key} must be of kind {kind.__name__}, not {value!r}.")
        else:
            config = _with(config, key, from_home(value) if key in _PATHS else value)
    faults += _faults(config)
    if faults:
        raise BadSetting(" ".join(faults))
    return config


def _with(config: RunConfig, key: str, value: Any) -> RunConfig:
    changed: dict[str, Any] = {key: value}
    return replace(config, **changed)


def parse_override(text: str) -> tuple[str, Any]:
    """`key=value` of the command line, the value read as TOML, or as text where it is none."""
    key, equals, value = text.partition("=")
    if not equals:
        raise BadSetting(f"--set takes key=value, not {text!r}.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def _faults(config: RunConfig) -> list[str]:
    longest = config.context_tokens + config.prefix_tokens + config.suffix_tokens + config.max_middle_tokens + 5
    rules = [
        (config.optimiser in OPTIMISERS,
         f'There is no optimiser "{config.optimiser}"{near_match(config.optimiser, OPTIMISERS)}'),
        (config.form in ("spm", "psm"), f"form must be spm or psm, not {config.form!r}."),
        (
            config.row_tokens >= longest,
            f"row_tokens is {config.row_tokens}, but context, prefix, suffix and middle may need {longest}.",
        ),
        (0 < config.learning_rate < inf, f"learning_rate must be a number above 0, not {config.learning_rate}."),
        (0 < config.sentinel_learning_rate < inf,
         f"sentinel_learning_rate must be a number above 0, not {config.sentinel_learning_rate}."),
        (0 <= config.seed <= MAX_SEED, f"seed must be from 0 to {MAX_SEED}, not {config.seed}."),
        (0 <= config.warmup_share < 1, f"warmup_share must be from 0 to below 1, not {config.warmup_share}."),
        (min(config.rows_per_step, config.epochs, config.save_steps) > 0,
         "rows_per_step, epochs and save_steps must be at least 1."),
        (min(config.prefix_tokens, config.suffix_tokens, config.max_middle_tokens, config.characters_per_sample) > 0,
         "prefix_tokens, suffix_tokens, max_middle_tokens and characters_per_sample must be at least 1."),
        (min(config.context_tokens, config.max_steps, config.decay_steps, config.held_out_rows, config.patience) >= 0,
         "context_tokens, max_steps, decay_steps, held_out_rows and patience must be at least 0."),
        (all(0 <= getattr(config, name) <= 1 for name in _SHARES), f"{', '.join(_SHARES)} must lie between 0 and 1."),
        (0 <= config.held_out_share < 1, f"held_out_share must be from 0 to below 1, not {config.held_out_share}."),
    ]  # fmt: skip
    return [sentence for holds, sentence in rules if not holds]
