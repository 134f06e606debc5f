"""One network for many engines: what is short goes first, what is long in pieces, and nothing is said otherwise."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import random_model
from tests.server.engine.hollow_network import HollowNetwork
from tests.server.engine.test_torch_engine import END, ask, ids

from finetab.engine.network import NO_ADAPTER
from finetab.engine.shared_network import SharedNetwork
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork


class Noted(HollowNetwork):
    """A network that notes its calls, and holds the first one up until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[int, int, int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def evaluate(self, ids: Sequence[int], start: int, cache: Any, num_logits: int, adapter: str) -> torch.Tensor:
        self.calls.append((len(ids), start, num_logits))
        self.begun.set()
        self.go.wait()
        if adapter == "broken":
            raise ValueError("no")
        return super().evaluate(ids, start, cache, num_logits, adapter)

    def attach(self, adapter: str, folder: Path) -> None:
        self.calls.append((0, 0, 0))

    def detach(self, adapter: str) -> None:
        raise KeyError(adapter)


def test_what_is_short_is_done_between_the_pieces_of_what_is_long() -> None:
    network = Noted()
    with ThreadPoolExecutor() as pool, closing(SharedNetwork(network)) as shared:
        first = pool.submit(shared.evaluate, [1], 0, None, 1, NO_ADAPTER)
        network.begun.wait()
        long = pool.submit(shared.evaluate, list(range(200)), 10, None, 3, NO_ADAPTER)
        other = pool.submit(shared.evaluate, list(range(100)), 0, None, 1, NO_ADAPTER)
        while len(shared._long) < 2:
            pass
        network.go.set()
        assert [len(work.result()) for work in (first, long, other)] == [1, 3, 1]
    assert network.calls == [(1, 0, 1), (64, 10, 1), (64, 0, 1), (64, 74, 1), (36, 64, 1), (72, 138, 3)]


def test_a_fault_reaches_who_asked_and_the_others_go_on(tmp_path: Path) -> None:
    network = Noted()
    network.go.set()
    with closing(SharedNetwork(network)) as shared:
        with pytest.raises(ValueError, match="no"):
            shared.evaluate([1], 0, None, 1, "broken")
        shared.attach("mine", tmp_path)
        with pytest.raises(KeyError):
            shared.detach("mine")
        assert shared.evaluate([1], 0, None, 2, NO_ADAPTER).shape == (2, 3)
    with pytest.raises(RuntimeError, match="closed"):
        shared.evaluate([1], 0, None, 1, NO_ADAPTER)


@pytest.mark.parametrize("family", ["gemma3_text", "gpt_neox"])
def test_engines_at_once_say_what_they_say_alone(family: str) -> None:
    model = random_model(family)
    prompts = [ids(seed, 150 + 40 * seed) for seed in range(5)]
    with closing(TorchEngine(TransformersNetwork(model), END, [])) as alone:
        expected = [ask(alone, prompt, 20).ids for prompt in prompts]
    with ThreadPoolExecutor() as pool, closing(SharedNetwork(TransformersNetwork(model))) as shared:
        engines = [TorchEngine(shared, END, []) for _ in prompts]
        for _ in range(2):
            found = list(pool.map(lambda one: ask(one[0], one[1], 20).ids, zip(engines, prompts, strict=True)))
            assert found == expected
        for engine in engines:
            engine.close()
