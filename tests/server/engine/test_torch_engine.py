"""The engine on small random models of the three families: re-use changes nothing, rules and cancellation hold."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tests.conftest import FAMILIES, random_model
from transformers import PreTrainedModel

from finetab.engine.base import Generation, GenerationRequest
from finetab.engine.network import NO_ADAPTER
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork

END = 256


def engine_of(
    model: PreTrainedModel, *, reuse: bool = True, forbidden: Sequence[int] = (), kv_bytes: int | None = None
) -> TorchEngine:
    return TorchEngine(TransformersNetwork(model), END, list(forbidden), kv_bytes, reuse=reuse)


def ids(seed: int, length: int) -> list[int]:
    generator = Random(seed)
    return [generator.randrange(256) for _ in range(length)]


def ask(engine: TorchEngine, prompt: list[int], new: int = 12) -> Generation:
    return engine.generate(GenerationRequest(prompt, new))


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_transformers_generate(family: str) -> None:
    model = random_model(family)
    prompt = ids(1, 90)  # longer than Gemma's window of 32
    generate: Any = model.generate
    expected = generate(
        torch.tensor([prompt]), attention_mask=torch.ones(1, 90, dtype=torch.long), max_new_tokens=10, do_sample=False,
        eos_token_id=None, pad_token_id=0, suppress_tokens=[END],
    )[0, 90:].tolist()  # fmt: skip
    assert list(ask(engine_of(model, forbidden=[END]), prompt, 10).ids) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_reuse_gives_the_same_tokens_as_evaluating_anew(family: str) -> None:
    model = random_model(family)
    reusing, fresh = engine_of(model), engine_of(model, reuse=False)
    generator = Random(family)
    prompt = ids(2, 100)
    reused = 0
    for _ in range(12):
        # Typing on, taking back, editing in the middle, and going elsewhere.
        step = generator.choice(["type", "type", "back", "edit", "jump"])
        if step == "type":
            prompt = prompt + ids(generator.randrange(99), generator.randint(1, 5))
        elif step == "back":
            prompt = prompt[: -generator.randint(1, 40)]
        elif step == "edit":
            prompt = prompt[:50] + ids(generator.randrange(99), 3) + prompt[53:]
        else:
            prompt = ids(generator.randrange(99), 80)
        again, anew = ask(reusing, prompt), ask(fresh, prompt)
        assert again.ids == anew.ids
        assert again.mean_logprob == pytest.approx(anew.mean_logprob, abs=1e-3)
        assert anew.reused_tokens == 0
        reused += again.reused_tokens
    assert reused > 200


def test_a_keystroke_evaluates_only_what_is_new() -> None:
    engine = engine_of(random_model("llama"))
    prompt = ids(3, 200)
    ask(engine, prompt, 4)
    assert ask(engine, [*prompt, 7, 8], 4).reused_tokens >= 200


def test_coming_back_to_another_prompt_is_warm() -> None:
    engine = engine_of(random_model("llama"))
    prompts = [ids(seed, 60) for seed in range(8)]
    for _ in range(2):
        reused = [ask(engine, prompt).reused_tokens for prompt in prompts]
    assert reused == [59] * 8


@pytest.mark.parametrize("family", FAMILIES)
def test_the_least_recent_prompts_are_forgotten_where_the_budget_is_used_up(family: str) -> None:
    network = TransformersNetwork(random_model(family))
    cache = network.new_cache()
    network.evaluate([1], 0, cache, 1, NO_ADAPTER)
    engine = TorchEngine(network, END, [], kv_bytes=3 * cache.num_bytes)
    prompts = [ids(seed, 60) for seed in range(4)]
    for prompt in prompts:
        ask(engine, prompt)
    ask(engine, prompts[1])
    ask(engine, ids(5, 60))  # of the three, the second one was asked for last
    assert [len(slot.ids) > 59 for slot in engine._slots] == [True] * 3
    assert ask(engine, prompts[1]).reused_tokens == 59
    assert ask(engine, prompts[2]).reused_tokens < 5


def test_two_prompts_stay_whatever_they_take() -> None:
    engine = engine_of(random_model("llama"), kv_bytes=0)
    first, second = ids(4, 60), ids(5, 60)
    ask(engine, first), ask(engine, second)
    assert ask(engine, first).reused_tokens == 59
    assert ask(engine, second).reused_tokens == 59
    ask(engine, ids(6, 60))
    assert ask(engine, first).reused_tokens < 5


def test_cancellation_takes_effect_within_one_step() -> None:
    seen: list[int] = []

    def watch(new: Sequence[int]) -> bool:
        seen.append(len(new))
        return False

    request = GenerationRequest(ids(9, 20), 50, should_stop=watch, is_cancelled=lambda: len(seen) >= 3)
    generation = engine_of(random_model("llama"), forbidden=[END]).generate(request)
    assert generation.finish_reason == "cancelled"
    assert len(generation.ids) == 3


def test_a_cancelled_prefill_is_resumed_by_the_next_request() -> None:
    engine = engine_of(random_model("llama"))
    prompt = ids(10, 1_200)
    calls = iter([False, False, True])
    cancelled = engine.generate(GenerationRequest(prompt, 4, is_cancelled=lambda: next(calls)))
    assert (cancelled.finish_reason, cancelled.ids) == ("cancelled", ())
    after = ask(engine, prompt, 4)
    assert after.reused_tokens == 768  # two chunks
    assert after.ids == ask(engine_of(random_model("llama"), reuse=False), prompt, 4).ids


def test_stop_rule_ends_the_answer_with_the_token_that_met_it() -> None:
    engine = engine_of(random_model("llama"), forbidden=[END])
    generation = engine.generate(GenerationRequest(ids(11, 20), 50, should_stop=lambda new: len(new) == 5))
    assert (generation.finish_reason, len(generation.ids)) == ("stop", 5)


def test_forbidden_ids_never_come_out() -> None:
    model = random_model("gpt_neox")
    forbidden = list(range(0, 50_432, 2))
    generation = engine_of(model, forbidden=forbidden).generate(GenerationRequest(ids(12, 30), 40))
    assert generation.ids
    assert all(token % 2 == 1 for token in generation.ids)


@pytest.mark.parametrize("may_be_empty", [False, True])
def test_the_end_token_comes_first_only_where_it_may(may_be_empty: bool) -> None:
    model = random_model("llama")
    wanted = ask(engine_of(model), ids(13, 30), 1).ids[0]
    engine = TorchEngine(TransformersNetwork(model), wanted, [])  # the id it would answer is now its end token
    generation = engine.generate(GenerationRequest(ids(13, 30), 5, may_end=lambda ids: may_be_empty or bool(ids)))
    assert (generation.ids == ()) is may_be_empty
    assert (generation.finish_reason == "end") is may_be_empty or generation.ids


def test_close_ends_a_running_request() -> None:
    engine = engine_of(random_model("llama"), forbidden=[END])
    steps = 0

    def close_soon(new: Sequence[int]) -> bool:
        nonlocal steps
        steps += 1
        if steps == 2:
            engine._closing = True  # what close() sets first; close() itself would wait for this very thread
        return False

    assert engine.generate(GenerationRequest(ids(14, 20), 500, should_stop=close_soon)).finish_reason == "cancelled"
    engine.close()
    assert ask(engine, ids(14, 20)).finish_reason == "cancelled"


def test_a_failed_forward_leaves_no_half_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama")
    engine = engine_of(model)
    prompt = ids(15, 40)
    expected = ask(engine_of(model, reuse=False), [*prompt, 1, 2]).ids
    ask(engine, prompt)
    monkeypatch.setattr(model, "forward", lambda *args, **kwargs: (_ for _ in ()).throw(RuntimeError("no memory")))
    with pytest.raises(RuntimeError, match="no memory"):
        ask(engine, [*prompt, 1, 2])
    monkeypatch.undo()
    assert ask(engine, [*prompt, 1, 2]).ids == expected


def held_to(*allowed: list[int]) -> Callable[[Sequence[int]], npt.NDArray[np.int64] | None]:
    return lambda said: np.array(allowed[len(said)]) if len(said) < len(allowed) else None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tail_that_the_model_says_again_gives_what_it_would_have_said_after_it(family: str) -> None:
    model = random_model(family)
    prompt = ids(5, 60)
    plain = ask(engine_of(model, forbidden=[END]), prompt)
    request = GenerationRequest(prompt, 12, tail=2, allowed=held_to([prompt[-2]], [prompt[-1]]))
    healed = engine_of(model, forbidden=[END]).generate(request)
    assert healed.ids == (*prompt[-2:], *plain.ids)
    assert healed.mean_logprob == pytest.approx(plain.mean_logprob, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tail_said_otherwise_is_as_if_it_had_not_been_there(family: str) -> None:
    model = random_model(family)
    prompt = ids(6, 60)
    other = [index for index in range(200) if index not in prompt[-2:]]
    plain = engine_of(model).generate(GenerationRequest(prompt[:-1], 12, allowed=held_to(other)))
    engine = engine_of(model)
    healed = engine.generate(GenerationRequest(prompt, 12, tail=2, allowed=held_to([prompt[-2]], other)))
    assert healed.ids[0] == prompt[-2]
    assert healed.ids[1:13] == plain.ids
    # What is remembered is what was said, not the tail that was evaluated for nothing.
    went_on = [*prompt[:-1], *healed.ids[1:6], 7]
    assert ask(engine, went_on).ids == ask(engine_of(model, reuse=False), went_on).ids


def test_re_use_leaves_the_places_open_where_the_tail_is_said() -> None:
    model = random_model("llama")
    prompt = ids(7, 60)
    engine = engine_of(model)
    ask(engine, prompt)
    again = engine.generate(GenerationRequest(prompt, 4, tail=3))
    assert again.reused_tokens == 60 - 4
    assert again.ids == engine_of(model, reuse=False).generate(GenerationRequest(prompt, 4, tail=3)).ids


def test_the_end_token_may_not_stand_for_a_tail_alone() -> None:
    model = random_model("llama")
    prompt = ids(8, 20)
    request = GenerationRequest(prompt, 3, tail=1, allowed=held_to([prompt[-1]], [END, 9]))
    assert engine_of(model).generate(replace(request, may_end=lambda ids: len(ids) > 1)).ids[:2] == (prompt[-1], 9)
    assert engine_of(model).generate(replace(request, allowed=held_to([prompt[-1]], [END]))).ids == (prompt[-1],)


def test_a_seed_draws_the_same_ids_and_another_one_others() -> None:
    engine = engine_of(random_model("llama"), forbidden=[END])
    request = GenerationRequest(ids(9, 30), 10, temperature=2.0)
    drawn = [engine.generate(replace(request, seed=seed)).ids for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_low_temperature_draws_what_is_likeliest_and_nothing_forbidden_is_drawn() -> None:
    model = random_model("llama")
    prompt = ids(10, 30)
    likeliest = ask(engine_of(model, forbidden=[END]), prompt)
    assert engine_of(model, forbidden=[END]).generate(
        GenerationRequest(prompt, 12, temperature=1e-4, seed=1)
    ).ids == likeliest.ids  # fmt: skip
    forbidden = list(likeliest.ids)
    drawn = engine_of(model, forbidden=forbidden).generate(GenerationRequest(prompt, 40, temperature=5.0, seed=1))
    assert not set(drawn.ids) & set(forbidden)


def test_a_request_that_is_asked_again_is_worth_the_same() -> None:
    engine, request = engine_of(random_model("llama")), GenerationRequest(ids(4, 30), 5)
    once, again = engine.generate(request), engine.generate(request)
    assert again.mean_logprob == pytest.approx(once.mean_logprob, abs=1e-3)
    assert len(request.trace.logprobs) == 5
    assert request.trace.reused_tokens == 29


def test_a_process_that_gives_way_more_than_it_may_take_back_answers_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def refuse(which: int, who: int, niceness: int) -> None:
        asked.append(niceness)
        raise PermissionError

    monkeypatch.setattr("os.setpriority", refuse)
    monkeypatch.setattr("os.getpriority", lambda which, who: 12)
    assert len(ask(engine_of(random_model("llama")), ids(5, 20), 4).ids) == 4
    assert asked in ([12], [])  # only Linux has priorities of threads
