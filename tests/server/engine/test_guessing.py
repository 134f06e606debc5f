"""Guesses by lookup: where they come from, how long they are, what is learned from how they went; and that an engine
answers the same with them and without.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.conftest import FAMILIES, random_model
from tests.server.engine.test_torch_engine import END, ask, engine_of, held_to, ids

from finetab.core.vocabulary import Ids
from finetab.engine.base import GenerationRequest
from finetab.engine.guessing import Guesses
from finetab.engine.outlook import Outlook
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork

COST = 0.1


def text(*ids: int) -> Ids:
    return np.array(ids, dtype=np.int64)


def test_the_longest_match_counts_wherever_it_stands() -> None:
    guesser = Guesses(COST).begin([9, 3, 50, 1, 2, 3], [text(7, 1, 2, 3, 60, 61), text(2, 3, 70)])
    assert guesser.guess([], 2) == [60, 61]


def test_of_equal_matches_the_last_one_in_the_prompt_counts() -> None:
    guesser = Guesses(COST).begin([1, 2, 50, 1, 2, 51, 1, 2], [text(1, 2, 60)])
    assert guesser.guess([], 1) == [51]


def test_what_was_said_is_part_of_the_match_and_may_be_said_again() -> None:
    guesser = Guesses(COST).begin([8, 9], [])
    assert guesser.guess([4, 5, 6, 4, 5], 1) == [6]


def test_a_guess_ends_with_its_text() -> None:
    assert Guesses(COST).begin([1, 2], [text(1, 2, 60), text(7)]).guess([], 9) == [60]


def test_nothing_is_guessed_without_a_match_or_without_room_or_where_it_does_not_pay() -> None:
    assert Guesses(COST).begin([1, 2], [text(3, 4)]).guess([], 9) == []
    assert Guesses(COST).begin([1, 2], [text(1, 2, 3)]).guess([], 0) == []
    assert Guesses(inf).begin([1, 2], [text(1, 2, 3)]).guess([], 9) == []


def test_the_answer_before_is_guessed_again() -> None:
    guesses = Guesses(COST)
    guesses.remember([1, 2, 3], [4, 5, 6])
    assert guesses.begin([1, 2, 3, 4], []).guess([], 2) == [5, 6]


def test_what_proves_right_is_guessed_further_and_what_proves_wrong_less() -> None:
    source = text(1, 2, *range(10, 40))
    first = len(Guesses(COST).begin([1, 2], [source]).guess([], 99))
    for came, is_longer in ((lambda guess: [*guess, 99], True), (lambda guess: [99], False)):
        guesses = Guesses(COST)
        for _ in range(50):
            guesser = guesses.begin([1, 2], [source])
            guesser.check(came(guesser.guess([], 99)))
        last = len(guesses.begin([1, 2], [source]).guess([], 99))
        assert last > first if is_longer else last < first


def test_only_what_was_looked_at_counts_as_guessed_wrong() -> None:
    guesses = Guesses(COST)
    guesser = guesses.begin([1, 2], [text(1, 2, 3, 4)])
    guesser.guess([], 2)
    guesser.check([3])  # the answer ended there
    assert (guesser.num_guessed, guesser.num_right) == (2, 1)
    guesser = guesses.begin([1, 2], [text(1, 2, 3, 4)])
    guesser.guess([7], 2)
    guesser.check([8, 3])  # what came before the guess is no longer what was said
    assert guesser.num_right == 0


class Unguessing(TransformersNetwork):
    """Each id is waited for."""

    @property
    def guess_cost(self) -> float:
        return inf


def hints_for(answer: Sequence[int], prompt: Sequence[int]) -> list[npt.NDArray[np.int64]]:
    """The answer as it will be, and with every fourth id another one, after what stands before it."""
    wrong = [token if index % 4 else token + 1 for index, token in enumerate(answer)]
    return [np.array([*prompt[-3:], *ids]) for ids in (answer, [*answer[:2], *wrong[2:]])]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_guessing_changes_no_answer(family: str, temperature: float) -> None:
    model = random_model(family).double()  # or a drawn id may hang on how float32 was rounded
    guessing = engine_of(model, forbidden=[END])
    waiting = TorchEngine(Unguessing(model), END, [END])
    guessed = accepted = 0
    for seed in range(6):
        prompt = ids(seed, 50 + seed)
        request = GenerationRequest(prompt, 24, temperature=temperature, seed=seed)
        expected = waiting.generate(request)
        for hints in ([], hints_for(expected.ids, prompt), hints_for(expected.ids, prompt)[1:]):
            found = guessing.generate(replace(request, hints=hints))
            assert (found.ids, found.finish_reason) == (expected.ids, expected.finish_reason)
            assert found.mean_logprob == pytest.approx(expected.mean_logprob, abs=1e-3)
            guessed += found.guessed_tokens
            accepted += found.accepted_tokens
    assert (expected.guessed_tokens, expected.accepted_tokens) == (0, 0)
    assert 50 < accepted < guessed


@pytest.mark.parametrize("family", FAMILIES)
def test_rules_see_the_same_ids_whether_they_were_guessed_or_not(family: str) -> None:
    model = random_model(family)
    prompt = ids(21, 60)
    other = [index for index in range(200) if index not in prompt[-2:]]
    plain = TorchEngine(Unguessing(model), END, []).generate(GenerationRequest(prompt, 20)).ids
    for tail, allowed in ((0, held_to()), (2, held_to([prompt[-2]], [prompt[-1]])), (2, held_to([prompt[-2]], other))):
        for stop_after in (1, 7, 99):
            seen: dict[str, list[tuple[str, tuple[int, ...]]]] = {"guessed": [], "waited": []}
            found = {}
            for name, network in (("guessed", TransformersNetwork(model)), ("waited", Unguessing(model))):
                calls = seen[name]

                def stop(new: Sequence[int], calls: Any = calls, after: int = stop_after) -> bool:
                    calls.append(("stop", tuple(new)))
                    return len(new) >= after

                def end(new: Sequence[int], calls: Any = calls) -> bool:
                    calls.append(("end", tuple(new)))
                    return len(new) > 3

                found[name] = TorchEngine(network, plain[5], []).generate(
                    GenerationRequest(prompt, 20, stop, may_end=end, tail=tail, allowed=allowed,
                                      hints=hints_for(plain, prompt))
                )  # fmt: skip
            assert seen["guessed"] == seen["waited"]
            assert found["guessed"].ids == found["waited"].ids
            assert found["guessed"].finish_reason == found["waited"].finish_reason


def test_guessed_ids_save_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama")
    prompt = ids(22, 60)
    expected = ask(engine_of(model, forbidden=[END]), prompt, 24)
    engine = engine_of(model, forbidden=[END])
    forward, steps = engine._forward, []

    def counted(*args: Any) -> Outlook:
        steps.append(args)
        return forward(*args)

    monkeypatch.setattr(engine, "_forward", counted)
    hint = np.array([*prompt[-6:], *expected.ids])
    found = engine.generate(GenerationRequest(prompt, 24, hints=[hint]))
    assert found.ids == expected.ids
    assert len(steps) <= 24 - found.accepted_tokens < 12


def test_what_was_guessed_wrong_is_not_taken_for_the_prompt_later() -> None:
    model = random_model("llama")
    prompt = ids(23, 60)
    engine = engine_of(model, forbidden=[END])
    hint = np.array([*prompt[-6:], *ids(24, 20)])
    first = engine.generate(GenerationRequest(prompt, 6, hints=[hint]))
    assert first.guessed_tokens > first.accepted_tokens
    for went_on in ([*prompt, *hint[6:12].tolist(), 7], [*prompt, *first.ids[:4], 7]):
        assert ask(engine, went_on).ids == ask(engine_of(model, reuse=False), went_on).ids
