"""`finetab compress`: a base by name to a folder with a smaller one, and a report of what that costs."""

import json
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path
from random import Random
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
from finetab_training.compress.task import mean_loss
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.dataset import is_dataset, read_dataset
from finetab_training.data.source_file import SourceFile

REPORT = "compression.json"
_ROW_TOKENS = 256
_CALIBRATION_ROWS, _PROBE_ROWS, _TEST_ROWS = 64, 4, 32
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
    """Write the compressed model to a folder that does not exist yet, and give its report."""
    job.check()
    if out.exists():
        raise BadFile(f"{out} exists already; choose another --out.")
    base = load_base(job.base, device="cpu", dtype="float32")
    calibration, test = _rows(job, base)
    original = base.model
    model = deepcopy(original)
    text = None if job.plain else Text(calibration[:_CALIBRATION_ROWS], calibration[:_PROBE_ROWS])
    ranks = factor(model, job.ratio, text, advance)
    dtype = _written_in(base)
    losses = {"original": mean_loss(original, test), "compressed": mean_loss(_rounded(model, dtype), test)}
    if job.steps:
        distil(model, original, calibration, job.steps, lambda _loss: advance("distilling"))
        losses["distilled"] = mean_loss(_rounded(model, dtype), test)
    report = {
        **asdict(job),
        "base": base.name,
        "factored_layers": len(ranks),
        "numbers_in_linear_layers": [num_numbers(original), num_numbers(model)],
        "numbers": [_size(original), _size(model)],
        "loss": losses,
        "perplexity": {name: exp(loss) for name, loss in losses.items()},
        "test_tokens": sum(row.shape[1] - 1 for row in test),
        "milliseconds": _speed(original, model, test[0]),
    }
    with new_folder(out) as building:
        _write(model, base, ranks, dtype, building)
        report["bytes"] = [sum(file.stat().st_size for file in weight_files(of)) for of in (base.folder, building)]
        (building / REPORT).write_text(json.dumps(report | {"ranks": ranks}, indent=2) + "\n", "utf-8")
    return report


def _rows(job: Compression, base: BaseModel) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Rows of ids to calibrate and learn with, and others to measure with, of other files."""
    if is_dataset(Path(job.data)):
        training, test, _ = read_dataset(Path(job.data))
        sides: tuple[Sequence[SourceFile], Sequence[SourceFile]] = (training, test)
    else:
        corpus = read_corpus(Recipe((job.data,), cut="none", seed=job.seed))
        sides = (corpus.training, corpus.test)
    learned = _cut(sides[0], base, max(_CALIBRATION_ROWS, job.steps), job.seed)
    measured = _cut(sides[1], base, _TEST_ROWS, job.seed)
    if len(learned) <= _PROBE_ROWS or not measured:
        raise BadFile(f"{job.data} holds too little to compress with: {len(learned)} and {len(measured)} rows.")
    return learned, measured


def _cut(files: Sequence[SourceFile], base: BaseModel, most: int, seed: int) -> list[torch.Tensor]:
    """Whole rows of the files, in an order that the seed decides."""
    order = list(range(len(files)))
    Random(f"{seed}/compress").shuffle(order)
    start = [] if base.fim.bos_id is None else [base.fim.bos_id]
    room = _ROW_TOKENS - len(start)
    rows: list[torch.Tensor] = []
    for index in order:
        ids = base.tokenizer.encode(files[index].text)
        rows += [torch.tensor([[*start, *ids[at : at + room]]]) for at in range(0, len(ids) - room + 1, room)]
        if len(rows) >= most:
            break
    return rows[:most]


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
        found[name] = [statistics.median(times) for times in taken]
    return found


@torch.inference_mode()
def _milliseconds(model: PreTrainedModel, ids: torch.Tensor) -> float:
    started = time.perf_counter()
    model(input_ids=ids.to(model.device), use_cache=False, logits_to_keep=1)
    return (time.perf_counter() - started) * 1000
