"""RedPajama-7B, or any base, on a GPU: what a keystroke costs, and how near that is to what the memory allows.

    PYTHONPATH=server:training python benchmarks/gpu.py [--base NAME] [--rounds 20] [--json]

The weights are random: speed and memory do not ask what the numbers are, so nothing has to be downloaded. Nothing is
guessed ahead: what random weights say repeats itself and would be guessed better than text is. It needs a checkout and
torch, transformers, peft, bitsandbytes and platformdirs, and no network. The same weights are in memory once in 4 bits
and once in bfloat16, with a LoRA adapter beside them or merged into them, and `generate` of transformers runs on each:
all in turns in one process.

cold        ms from a prompt of 1,500 new tokens to its first one
warm        ms from a typed token to 24 new ones, the prompt's keys and values being there
step of N   ms for N tokens checked at once, after 1,500
of memory   bytes that a step must read over its time, as a share of what this GPU's memory gives (measured here)
peak        GB allocated at most, with 2,048 tokens
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from finetab.core.device import pick_device, pick_dtype
from finetab.core.models import embedding_rows
from finetab.engine.base import GenerationRequest
from finetab.engine.captured_network import CapturedNetwork
from finetab.engine.network import NO_ADAPTER
from finetab.engine.torch_engine import TorchEngine
from finetab_training.train.random_base import base_shape, random_model

_PROMPT, _MOST, _NEW, _STEPS = 1_500, 2_048, 24, (1, 2, 4, 8, 32)
_GENERATED = 64
_RANK = 16
_COPIED_BYTES = 1 << 30
_ADAPTER = "adapter"
_IDS = 20_000  # drawn from the first of the vocabulary


class _Plain(CapturedNetwork):
    """As it is served, but for guesses."""

    @property
    def guess_cost(self) -> float:
        """None are worth it."""
        return inf


def main() -> None:
    """Measure each arm and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="togethercomputer/RedPajama-INCITE-7B-Base")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    device = pick_device(given.device)
    facts = {"base": given.base, "device": _name(device), "torch": torch.__version__, "rounds": given.rounds}
    facts["memory_gb_s"] = _bandwidth(device, given.rounds) / 1e9
    rows = dict(_arms(given.base, device, given.rounds, facts["memory_gb_s"]))
    if given.json:
        print(json.dumps(facts | {"arms": rows}))
        return
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    print(f"{'':<28}" + "".join(f"{name:>12}" for name in names))
    for arm, row in rows.items():
        print(f"{arm:<28}" + "".join(f"{row[name]:>12.2f}" if name in row else f"{'':>12}" for name in names))


def _arms(base: str, device: torch.device, rounds: int, memory_gb_s: float) -> Iterator[tuple[str, dict[str, float]]]:
    shape: Any = base_shape(base)
    dtype = pick_dtype("auto", device)
    for weights, quantisation in (("4 bits", "nf4"), (str(dtype).removeprefix("torch."), "none")):
        model = random_model(shape, device, dtype, quantisation)  # type: ignore[arg-type]
        yield f"{weights}, generate", _generate(model, device, rounds)
        with tempfile.TemporaryDirectory() as folder:
            _write_adapter(model, Path(folder))
            network = _Plain(model)
            yield weights, _row(network, NO_ADAPTER, device, rounds, memory_gb_s)
            network.attach(_ADAPTER, Path(folder))
            yield f"{weights}, LoRA beside", _row(network, _ADAPTER, device, rounds, memory_gb_s)
            network.detach(_ADAPTER)
            if quantisation == "none":  # into 4 bits it would be rounded away
                merged: Any = PeftModel.from_pretrained(model, folder).merge_and_unload()
                yield f"{weights}, LoRA merged", _row(
                    _Plain(merged), NO_ADAPTER, device, rounds, memory_gb_s
                )  # fmt: skip
        del model, network
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _row(
    network: CapturedNetwork, adapter: str, device: torch.device, rounds: int, memory_gb_s: float
) -> dict[str, float]:
    """One arm's figures."""
    generator = Random(0)
    most = int(network._plain.config.vocab_size)
    prompt = [generator.randrange(min(_IDS, most - 1)) for _ in range(_PROMPT)]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    engine = TorchEngine(network, most - 1, [])

    def ask(ids: list[int], new: int) -> float:
        started = time.perf_counter()
        engine.generate(GenerationRequest(ids, new, may_end=lambda _said: False, adapter=adapter))
        return (time.perf_counter() - started) * 1000

    ask(prompt, _NEW)  # captures
    cold = [ask([number, *prompt[1:]], 1) for number in range(1, rounds + 1)]
    ask(prompt, 1)
    typed = list(prompt)
    warm = []
    for _ in range(rounds):
        typed = [*typed[:_PROMPT], *typed[_PROMPT : _PROMPT + 20], generator.randrange(min(_IDS, most - 1))]
        warm.append(ask(typed, _NEW))
    steps = _steps(network, adapter, prompt, device, rounds)
    ask([generator.randrange(min(_IDS, most - 1)) for _ in range(_MOST - _NEW)], _NEW)
    engine.close()
    read = _bytes_of_a_step(network._plain) + network._stage.bytes_a_token * network._stage.capacity
    row = {
        "cold p50": statistics.median(cold),
        "warm p50": statistics.median(warm),
        "warm p95": sorted(warm)[-1 - rounds // 20],
    }
    row |= {f"step of {width}": taken for width, taken in steps.items()}
    row |= {"tokens/s": 1000 / steps[1], "of memory %": 100 * read / (steps[1] / 1000) / (memory_gb_s * 1e9)}
    if device.type == "cuda":
        row["peak GB"] = torch.cuda.max_memory_allocated(device) / 1e9
    return row


def _steps(
    network: CapturedNetwork, adapter: str, prompt: list[int], device: torch.device, rounds: int
) -> dict[int, float]:
    """Milliseconds of a step after the prompt, by how many tokens it takes."""
    found = {}
    with torch.inference_mode():
        cache = network.new_cache()
        network.evaluate(prompt, 0, cache, 1, adapter)
        for width in _STEPS:

            def step(width: int = width) -> None:
                cache.keep(len(prompt))
                network.evaluate(prompt[:width], len(prompt), cache, width, adapter)

            found[width] = _milliseconds(step, device, rounds)
    return found


def _generate(model: PreTrainedModel, device: torch.device, rounds: int) -> dict[str, float]:
    """transformers' own loop on the same weights: a token's time, the prompt's being taken off."""
    ids = torch.tensor([[Random(0).randrange(min(_IDS, int(model.config.vocab_size) - 1)) for _ in range(_PROMPT)]])
    ids = ids.to(device)
    generate: Any = model.generate
    options: dict[str, Any] = {"do_sample": False, "use_cache": True, "pad_token_id": 0, "eos_token_id": None}

    def new(tokens: int) -> Callable[[], None]:
        def work() -> None:
            with torch.inference_mode():
                generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, **options)

        return work

    few = max(1, rounds // 5)
    cold = _milliseconds(new(1), device, few)
    one = (_milliseconds(new(_GENERATED), device, few) - cold) / (_GENERATED - 1)
    return {"cold p50": cold, "step of 1": one, "tokens/s": 1000 / one}


def _write_adapter(model: PreTrainedModel, folder: Path) -> None:
    """LoRA on all linear layers, as small random numbers."""
    config = LoraConfig(r=_RANK, lora_alpha=2 * _RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    config.save_pretrained(str(folder))
    head = model.get_output_embeddings()
    state = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and module is not head:
            at = f"base_model.model.{name}"
            state[f"{at}.lora_A.weight"] = torch.randn(_RANK, module.in_features) * 0.01
            state[f"{at}.lora_B.weight"] = torch.randn(module.out_features, _RANK) * 0.01
    save_file(state, folder / "adapter_model.safetensors")


def _bytes_of_a_step(model: PreTrainedModel) -> int:
    """What one token must read of the weights: all of them, but of the input embedding one row."""
    head: Any = model.get_output_embeddings()
    counted = {weight.data_ptr(): weight.nbytes for weight in model.parameters()}
    counted.pop(embedding_rows(model).data_ptr(), None)
    counted[head.weight.data_ptr()] = head.weight.nbytes
    return sum(counted.values())


def _bandwidth(device: torch.device, rounds: int) -> float:
    """Bytes a second that the memory reads and writes, seen on a copy."""
    source = torch.empty(_COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)

    return 2 * _COPIED_BYTES / (_milliseconds(copy, device, rounds) / 1000)


def _milliseconds(work: Callable[[], None], device: torch.device, rounds: int) -> float:
    """The median, after two calls that do not count."""
    taken = []
    for _ in range(rounds + 2):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken[2:])


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


if __name__ == "__main__":
    main()
