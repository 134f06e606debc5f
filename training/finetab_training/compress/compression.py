"""`finetab compress`: a base by name to a folder with a smaller one, and a report of what that costs."""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel

from finetab.core.atomic import new_folder
from finetab.core.base import read_config
from finetab.core.factored import RANKS, read_ranks
from finetab.core.fim import TAUGHT
from finetab.core.models import BaseModel, embedding_rows, load_base
from finetab.core.tokenizer import FILE_NAME as TOKENIZER
from finetab.core.weights import base_folder, weight_files
from finetab.errors import BadFile, BadInput
from finetab_training.compress.distilling import distil
from finetab_training.compress.factoring import Text, factor, num_numbers
from finetab_training.compress.reading import read_rows
from finetab_training.compress.task import losses
from finetab_training.evaluate.metrics import paired_difference

REPORT = "compression.json"
_CALIBRATION_ROWS, _PROBE_ROWS = 64, 4
_ROUNDS = 5
_HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Compression:
    """What is to be made of which base."""

    base: str
    ratio: float
    """The share of the numbers in linear layers that is to be left."""
    data: str
    """A source or dataset: what the inputs of layers are seen on, and what the loss is measured on."""
    plain: bool = False
    """Plain SVD, which looks at weights only: what the other way is compared with."""
    steps: int = 0
    """Of distillation."""
    seed: int = 0

    def check(self) -> None:
        """Raise `BadInput` for what cannot be, and what `base_folder` raises."""
        if not 0 < self.ratio < 1:
            raise BadInput(f"--ratio is the share of numbers that is left, between 0 and 1, not {self.ratio}.")
        if ranks := read_ranks(base_folder(self.base)):
            raise BadInput(
                f"{self.base} is compressed already, with {len(ranks)} layers factored; compress the base that it was "
                "made of, with a lower --ratio."
            )


def compress(job: Compression, out: Path, advance: Callable[[str], None]) -> dict[str, Any]:
    """Write the compressed model to a folder that does not exist yet, and give its report.

    Ctrl-C while it distils ends that, and what was learned until then is kept.
    """
    job.check()
    if out.exists():
        raise BadFile(f"{out} exists already; choose another --out.")
    with new_folder(out) as building:  # first, so that a place that cannot be written to is told at once
        base = load_base(job.base, device="cpu", dtype="float32")
        read = read_rows(job.data, base, max(_CALIBRATION_ROWS, job.steps), job.seed)
        original = base.model
        model = deepcopy(original)
        text = None if job.plain else Text(read.learned[:_CALIBRATION_ROWS], read.learned[:_PROBE_ROWS])
        ranks = factor(model, job.ratio, text, advance)
        dtype = _written_in(base)
        found = {
            "original": losses(original, read.measured),
            "compressed": losses(_rounded(model, dtype), read.measured),
        }
        steps = 0
        if job.steps:
            steps = distil(model, original, read.learned, job.steps, lambda _loss: advance("distilling"))
            found["distilled"] = losses(_rounded(model, dtype), read.measured)
        _write(model, base, ranks, dtype, building)
        report = {
            **asdict(job),
            "base": base.name,
            "steps": steps,
            "factored_layers": len(ranks),
            "numbers_in_linear_layers": [num_numbers(original), num_numbers(model)],
            "numbers": [_size(original), _size(model)],
            **_told(found, read.files),
            "test_tokens": sum(row.shape[1] - 1 for row in read.measured),
            "test_files": len(set(read.files)),
            "milliseconds": _speed(original, model, read.measured[0]),
            "bytes": [sum(file.stat().st_size for file in weight_files(of)) for of in (base.folder, building)],
        }
        (building / REPORT).write_text(json.dumps(report | {"ranks": ranks}, indent=2) + "\n", "utf-8")
    return report


def _told(found: Mapping[str, Sequence[float]], files: Sequence[str]) -> dict[str, Any]:
    """Losses of rows, by what they are of, as means, with what they are above the original's."""
    means = {name: mean(of_row) for name, of_row in found.items()}
    more = {name: paired_difference(of_row, found["original"], files).to_dict() for name, of_row in found.items()}
    return {"loss": means, "loss_more": more, "perplexity": {name: exp(loss) for name, loss in means.items()}}


def _written_in(base: BaseModel) -> torch.dtype:
    """What the original's weights are written in, so that fewer numbers are fewer bytes."""
    config = read_config(base.folder)
    return _HALVES.get(config.get("dtype") or config.get("torch_dtype") or "", torch.float32)


@torch.no_grad()
def _rounded(model: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """The model with its weights as they will be read again, so that what is measured is what is written."""
    for weight in model.parameters():
        weight.copy_(weight.to(dtype))
    return model


def _write(model: PreTrainedModel, base: BaseModel, ranks: dict[str, int], dtype: torch.dtype, folder: Path) -> None:
    """A model folder that `load_base`, or `load_factored` alone, reads."""
    state = {name: value.to(dtype).contiguous() for name, value in model.state_dict().items()}
    head: Any = model.get_output_embeddings()
    if head.weight is embedding_rows(model):
        state = {
            name: value for name, value in state.items() if model.get_submodule(name.rpartition(".")[0]) is not head
        }
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(base.folder / TOKENIZER, folder / TOKENIZER)
    taught = {"family": base.fim.family, "forms": list(base.fim.native), "name": base.name}
    config = read_config(base.folder) | {RANKS: ranks, TAUGHT: taught, "dtype": str(dtype).removeprefix("torch.")}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    if base.terms:
        (folder / "NOTICE").write_text(base.terms + "\n", "utf-8")


def _size(model: PreTrainedModel) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _speed(original: PreTrainedModel, model: PreTrainedModel, row: torch.Tensor) -> dict[str, list[float]]:
    """Original and compressed, in turns: milliseconds to read a row, and one token."""
    found: dict[str, list[float]] = {}
    for name, ids in (("row", row), ("token", row[:, :1])):
        taken: list[list[float]] = [[], []]
        for _ in range(_ROUNDS):
            for times, each in zip(taken, (original, model), strict=True):
                times.append(_milliseconds(each, ids))
        found[name] = [median(times) for times in taken]
    return found


@torch.inference_mode()
def _milliseconds(model: PreTrainedModel, ids: torch.Tensor) -> float:
    started = time.perf_counter()
    model(input_ids=ids.to(model.device), use_cache=False, logits_to_keep=1)
    return (time.perf_counter() - started) * 1000
