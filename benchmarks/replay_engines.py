"""The engines of `replay.py`, each in a process of its own: what it imports and holds in memory is its own, too."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

import psutil

from finetab.core.base import read_base
from finetab.core.memory import give_back, hold_while_busy
from finetab.core.passing import in_passing_thread
from finetab.core.prefix import common_prefix_length
from finetab.core.vocabulary import Ids

_CONTEXT = 2_048  # tokens
_NICENESS = 5  # by as much finetab's own engine gives way to the editor


@dataclass(frozen=True, slots=True)
class Question:
    """What an engine is asked: ids, how many to say, and texts that only finetab makes use of."""

    ids: Sequence[int]
    num_new: int
    hints: Sequence[Ids]


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer took: to its first token, and in all."""

    first_ms: float
    total_ms: float
    num_evaluated: int | None
    """Of the prompt's tokens; None where the engine does not say."""


Answering: TypeAlias = Callable[[Question], Cost]


def finetab(base: str, is_guessing: bool = True, is_cut: bool = True) -> Answering:
    """finetab's engine with weights in 8 bits, its head cut to the likely ids where it is so in service."""
    from finetab.engine.base import GenerationRequest
    from finetab.engine.int8.network import Int8Network
    from finetab.engine.torch_engine import TorchEngine

    class Waiting(Int8Network):
        guess_cost = inf

    hold_while_busy()
    known = read_base(base)
    making = Int8Network if is_guessing else Waiting
    network = in_passing_thread(making, known.folder, known.spelled, known.likely if is_cut else None)
    engine = TorchEngine(network, known.fim.end_id, known.never_sampled)
    give_back()

    def answer(question: Question) -> Cost:
        started = time.perf_counter()
        said = engine.generate(
            GenerationRequest(question.ids, question.num_new, may_end=lambda ids: False, hints=question.hints)
        )
        total_ms = (time.perf_counter() - started) * 1000
        return Cost(total_ms - said.decode_ms, total_ms, said.prompt_tokens - said.reused_tokens)

    return answer


def transformers(base: str) -> Answering:
    """What a program does that knows `generate`."""
    import torch

    from finetab.core.models import load_base

    model: Any = load_base(base, device="cpu", dtype="float32").model

    class Watching:
        """A streamer: transformers gives it the prompt, then each token."""

        def __init__(self) -> None:
            self.times: list[float] = []

        def put(self, ids: Any) -> None:
            self.times.append(time.perf_counter())

        def end(self) -> None:
            pass

    def answer(question: Question) -> Cost:
        ids, watching = torch.tensor([list(question.ids)]), Watching()
        started = time.perf_counter()
        model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, min_new_tokens=question.num_new,
            max_new_tokens=question.num_new, streamer=watching, pad_token_id=0,
        )  # fmt: skip
        ended = time.perf_counter()
        return Cost((watching.times[1] - started) * 1000, (ended - started) * 1000, len(question.ids))

    return answer


def llama_cpp(gguf: str, threads: int) -> Answering:
    """llama.cpp with the weights of the base's own file; the longest common prefix with the prompt before is kept."""
    from llama_cpp import Llama

    model = Llama(
        gguf, n_ctx=_CONTEXT, n_batch=512, n_threads=threads, n_threads_batch=threads, flash_attn=True, verbose=False
    )

    def answer(question: Question) -> Cost:
        held = model.input_ids[: model.n_tokens].tolist()
        kept = min(common_prefix_length(held, list(question.ids)), len(question.ids) - 1)
        started = time.perf_counter()
        saying = model.generate(list(question.ids), temp=0.0, repeat_penalty=1.0)
        next(saying)
        first = time.perf_counter()
        for _ in range(question.num_new - 1):
            next(saying)
        ended = time.perf_counter()
        return Cost((first - started) * 1000, (ended - started) * 1000, len(question.ids) - kept)

    return answer


def openvino(gguf: str, threads: int) -> Answering:
    """OpenVINO GenAI with the weights of the base's own file; blocks of tokens that it has seen before are kept."""
    import numpy as np
    import openvino_genai as genai
    from openvino import Tensor

    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 1  # GB
    model = genai.LLMPipeline(gguf, "CPU", scheduler_config=scheduler, INFERENCE_NUM_THREADS=threads)

    def answer(question: Question) -> Cost:
        config = genai.GenerationConfig(
            max_new_tokens=question.num_new, min_new_tokens=question.num_new, ignore_eos=True, do_sample=False
        )
        ids = np.array([question.ids], dtype=np.int64)
        asked = genai.TokenizedInputs(Tensor(ids), Tensor(np.ones_like(ids)))
        started = time.perf_counter()
        said = model.generate(asked, config)
        total_ms = (time.perf_counter() - started) * 1000
        return Cost(float(said.perf_metrics.get_ttft().mean), total_ms, None)

    return answer


def _work(connection: Connection, make: Callable[..., Answering], arguments: Sequence[Any]) -> None:
    """A process of one engine: costs for questions, until there are no more."""
    os.nice(_NICENESS)
    try:
        answer = make(*arguments)
    except RuntimeError:  # what OpenVINO says of a file that it cannot read
        return
    connection.send("ready")
    while (question := connection.recv()) is not None:
        connection.send(answer(question))


class Engine:
    """An engine in a process of its own, asked in an order of the prompt's parts."""

    def __init__(self, form: str, make: Callable[..., Answering], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.form = form
        self._here, there = context.Pipe()
        self._process = context.Process(target=_work, args=(there, make, arguments), daemon=True)
        self._process.start()
        there.close()
        self._here.recv()  # EOFError where the engine cannot be made

    def ask(self, question: Question) -> Cost:
        """Wait for the answer."""
        self._here.send(question)
        cost: Cost = self._here.recv()
        return cost

    def close(self) -> float:
        """End the process; the memory that it held, in MB."""
        memory = psutil.Process(self._process.pid).memory_info().rss / 1e6
        self._here.send(None)
        self._process.join()
        return float(memory)
