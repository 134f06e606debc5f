"""A head that is cut to a few ids says the same as the whole one, however few or unlikely they are."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from tests.conftest import FAMILIES
from tests.server.engine.test_torch_engine import ids

from finetab.core.base import read_base
from finetab.core.vocabulary import Ids
from finetab.engine.base import Generation, GenerationRequest, Lean, Leaning
from finetab.engine.draft import Pace
from finetab.engine.int8.network import Int8Network
from finetab.engine.torch_engine import TorchEngine

LIKELY = np.arange(0, 256, 5)


def engine_of(folder: Path, likely: Ids | None) -> TorchEngine:
    base = read_base(str(folder))
    return TorchEngine(Int8Network(folder, base.spelled, likely), base.fim.end_id, base.never_sampled)


def requests() -> list[GenerationRequest]:
    """Typing on, other places, repetitions that are guessed, loose ends, rules that end answers, drawn answers."""
    prompt = ids(1, 80)
    asked = []
    for turn in range(14):
        prompt = [*prompt, *ids(100 + turn, 3)] if turn % 3 else ids(turn, 60) + ids(turn, 60)
        asked.append(request_of(prompt, turn))
    return asked


def request_of(prompt: list[int], turn: int) -> GenerationRequest:
    tail = turn % 2 * 2
    last = Random(turn).randrange(256)
    fitting = np.array(sorted({*range(40, 90), *prompt[-2:]}))

    def should_stop(said: Sequence[int]) -> bool:
        return said[-1] == last

    def allowed(said: Sequence[int]) -> Ids | None:
        return fitting if len(said) < tail else None

    def may_end(said: Sequence[int]) -> bool:
        return len(said) > 3

    def lean(said: Sequence[int]) -> Lean:
        favoured = np.array([7, 100 + turn]) if turn % 3 == 0 and len(said) % 5 == 3 else None
        return Lean(favoured, np.arange(20, 200, turn + 2) if len(said) % 4 == 1 else None)

    drawn = 0.8 if turn == 9 else 0.0
    return GenerationRequest(
        prompt, 24, should_stop, may_end=may_end, tail=tail, allowed=allowed, leaning=Leaning(lean),
        temperature=drawn, seed=turn,
    )  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("likely", [LIKELY, LIKELY[:1], np.arange(256)])
def test_ids_and_what_they_are_worth_are_those_of_the_whole_head(
    family: str, likely: Ids, tiny: Callable[[str], Path]
) -> None:
    def answers(cut_to: Ids | None) -> list[Generation]:
        with closing(engine_of(tiny(family), cut_to)) as engine:
            return [engine.generate(request) for request in requests()]

    for cut, whole in zip(answers(likely), answers(None), strict=True):
        assert (cut.ids, cut.finish_reason) == (whole.ids, whole.finish_reason)
        assert cut.mean_logprob == pytest.approx(whole.mean_logprob, abs=1e-4)
        assert cut.reused_tokens == whole.reused_tokens


def test_the_end_is_taken_back_as_well(tiny: Callable[[str], Path]) -> None:
    """With nothing else likely the draft ends at once, and the whole head says what it says."""
    base = read_base(str(tiny("llama")))
    prompt = ids(3, 40)
    end_only = np.array([base.fim.end_id])

    def said(likely: Ids | None) -> Sequence[int]:
        with closing(engine_of(tiny("llama"), likely)) as engine:
            return engine.generate(GenerationRequest(prompt, 10, may_end=lambda ids: True)).ids

    assert len(said(None)) == 10
    assert said(end_only) == said(None)


def test_what_the_prompt_says_is_likely(tiny: Callable[[str], Path]) -> None:
    folder = tiny("gemma3_text")
    network = Int8Network(folder, read_base(str(folder)).spelled, LIKELY)
    head = network.likely_head([3, 200, 3, 201])
    assert head is not None
    assert head.ids.tolist() == [*LIKELY.tolist(), 3, 201]
    states = network.states([3, 200], 0, network.new_cache(), 2, "")
    whole = network.logits(states)
    # The rows of the list are held in the same 8 bits, those of the prompt are as in the file.
    assert head.logits(states)[:, : len(LIKELY)].equal(whole[:, LIKELY])
    assert head.logits(states)[:, len(LIKELY) :].allclose(whole[:, [3, 201]], atol=0.05 * float(whole.norm()))


def test_a_wrong_step_is_followed_by_early_checks() -> None:
    pace = Pace()
    assert pace.steps == 12
    pace.learn(is_right=True)
    assert pace.steps == 12
    pace.learn(is_right=False)
    steps = []
    for _ in range(6):
        steps.append(pace.steps)
        pace.learn(is_right=True)
    assert steps == [1, 2, 4, 8, 12, 12]
