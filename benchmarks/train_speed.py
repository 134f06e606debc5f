"""Useful tokens a second in training: packed rows and counted logits against the plain stack, side by side in one run.

    python benchmarks/train_speed.py                      # the default base, a few minutes on two cores
    python benchmarks/train_speed.py --base FOLDER --samples 64 --rounds 5 --method lora

All arms train the same samples on the same base, in NF4 or as it is (`--method`), with LoRA on all linear layers and
three sentinel rows:

    plain    samples padded to the longest of a batch, labels given to the model (logits of every position), PEFT's
             own trainable tokens
    finetab  samples packed into rows, logits where the loss counts and of the ids that occur, sentinel rows without
             copies of the embedding, attention sample by sample, bfloat16 products where the device is quick at
             them, and on a processor all products by oneDNN, those of gradients with frozen weights in 8 bits
    torch's  the same with the attention, the numbers and the products that torch takes by itself

A useful token is one of a sample, padding aside. Rounds alternate, so that a machine's slow minute hits both. The last
line says by how much finetab's gradients differ from torch's on one row.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from typing import Any

import torch
from peft import get_peft_model
from torch.nn import functional

from finetab.core.models import load_base
from finetab.core.tokenizer import Tokenizer
from finetab_training.config import make_config
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.fim_samples import IGNORED, Sample, SampleMaker, mix_of
from finetab_training.data.packing import pack
from finetab_training.data.source_file import SourceFile
from finetab_training.methods.base import Target
from finetab_training.methods.lora import lora_config
from finetab_training.methods.registry import method_by_name
from finetab_training.train.attention import use_packed_attention
from finetab_training.train.cut_head import cut_head
from finetab_training.train.frozen import use_rounded_gradients
from finetab_training.train.loss import row_loss
from finetab_training.train.pace import as_in_training

_BATCH = 4  # samples of the plain arm


def main() -> None:
    """Time both arms in turn and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="default")
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--method", default="qlora", choices=["qlora", "lora"])
    given = parser.parse_args()
    config = make_config({"prefix_tokens": 192, "suffix_tokens": 64})
    files = read_corpus(Recipe((given.data,))).training
    method = method_by_name(given.method)
    base, other = (load_base(given.base, quantisation=method.quantisation) for _ in range(2))
    maker = SampleMaker(base.tokenizer, base.fim, config.budgets, mix_of(config))
    order = list(files)
    Random("speed").shuffle(order)
    samples = [sample for file in order for sample in list(maker.samples(file, 0, 0))[:2]][: given.samples]
    useful = sum(len(sample.ids) for sample in samples)
    rows = () if base.fim.native else base.fim.sentinel_ids
    options = {"r": 16, "alpha": 32, "dropout": 0.0}
    ours, torchs = (method.apply(Target(model, rows=rows), options).model for model in (base.model, other.model))
    _add_the_same(ours, torchs)
    use_packed_attention(base.model, base.dtype)
    use_rounded_gradients(ours)
    plain = load_base(given.base, quantisation=method.quantisation).model
    held = _held(base.tokenizer, files)
    arms: dict[str, Callable[[], int]] = {
        "finetab": _as_in_training(_packed(ours, samples, config.row_tokens, held), base.device),
        "torch's": _packed(torchs, samples, config.row_tokens, held),
        "plain": _padded(get_peft_model(plain, lora_config(Target(plain, rows=rows), options)), samples),
    }
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for step in range(given.rounds + 1):
        for name, run in arms.items():
            started = time.perf_counter()
            computed = run()
            if step:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
                print(f"{name:<8} {useful / seconds[name][-1]:8.1f} useful tokens/s, {computed} computed", flush=True)
    speeds = {name: useful / median(times) for name, times in seconds.items()}
    print(f"{len(samples)} samples, {useful} useful tokens, {base.name}, {base.device}, {given.rounds} rounds")
    for name in ("plain", "torch's"):
        ratios = [theirs / ours for theirs, ours in zip(seconds[name], seconds["finetab"], strict=True)]
        ratio = speeds["finetab"] / speeds[name]
        print(f"finetab over {name}: {ratio:.2f} (rounds {min(ratios):.2f} to {max(ratios):.2f})")
    arms["finetab"]()
    arms["torch's"]()
    mine, theirs = (
        torch.cat([weight.grad.double().flatten() for weight in _trained(model)]) for model in (ours, torchs)
    )
    print(f"cosine of the gradients of finetab and torch's: {functional.cosine_similarity(mine, theirs, dim=0):.4f}")


def _add_the_same(*models: Any) -> None:
    """Additions as they are after some steps, the same in all models: their first values are zero in one factor."""
    for model in models:
        generator = torch.Generator().manual_seed(0)
        for weight in _trained(model):
            weight.data.copy_(torch.randn(weight.shape, generator=generator) * 0.01)


def _trained(model: Any) -> list[Any]:
    return [weight for weight in model.parameters() if weight.requires_grad]


def _as_in_training(run: Callable[[], int], device: torch.device) -> Callable[[], int]:
    def faster() -> int:
        with as_in_training(device):
            return run()

    return faster


def _held(tokenizer: Tokenizer, files: Sequence[SourceFile]) -> set[int]:
    """The ids that a whole run's rows would hold, not those of a few samples alone."""
    return {index for file in files for index in tokenizer.encode(file.text)}


def _packed(model: Any, samples: Sequence[Sample], row_tokens: int, held: set[int]) -> Callable[[], int]:
    rows = pack(samples, row_tokens, Random(0))
    cut = cut_head(model, sorted(held.union(*(row.ids for row in rows))))
    parts = [(row.ids, row.labels, row.positions) for row in rows]
    tensors = [[torch.tensor([part], device=model.device) for part in row] for row in parts]

    def run() -> int:
        model.train()
        model.zero_grad()
        for ids, labels, positions in tensors:
            (row_loss(model, ids, labels, positions, cut) / 100).backward()
        return sum(ids.numel() for ids, _, _ in tensors)

    return run


def _padded(model: Any, samples: Sequence[Sample]) -> Callable[[], int]:
    batches = [_batch(samples[start : start + _BATCH], model.device) for start in range(0, len(samples), _BATCH)]

    def run() -> int:
        model.train()
        for batch in batches:
            model(**batch, use_cache=False).loss.backward()
        model.zero_grad()
        return sum(batch["input_ids"].numel() for batch in batches)

    return run


def _batch(samples: Sequence[Sample], device: torch.device) -> dict[str, torch.Tensor]:
    longest = max(len(sample.ids) for sample in samples)

    def padded(parts: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
        return torch.tensor([[*part, *[filler] * (longest - len(part))] for part in parts], device=device)

    return {
        "input_ids": padded([sample.ids for sample in samples], 0),
        "attention_mask": padded([[1] * len(sample.ids) for sample in samples], 0),
        "labels": padded([sample.labels for sample in samples], IGNORED),
    }


if __name__ == "__main__":
    main()
