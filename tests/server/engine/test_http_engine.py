"""The engine over HTTP against real sockets: three dialects, stop rules, cancellation, trouble and recovery."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.server.engine.http_server import Dialect, Scripted, app_of, running

from finetab.core.base import Base, read_base
from finetab.core.fim import Parts
from finetab.engine import http_engine
from finetab.engine.base import Generation, GenerationRequest
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.errors import BadFile, BadSetting, EngineAway

TEXT = "width * height\n"
DIALECTS: tuple[Dialect, ...] = ("vllm", "llama.cpp", "text")


@pytest.fixture
def base(tiny: Callable[[str], Path]) -> Base:
    return read_base(str(tiny("gemma3_text")))


def said(base: Base, text: str) -> tuple[tuple[int, str], ...]:
    return tuple((index, base.tokenizer.decode([index])) for index in base.tokenizer.encode(text))


@contextmanager
def engine_on(script: Scripted, base: Base, token: str = "") -> Iterator[HttpEngine]:
    with running(app_of(script)) as url:
        engine = HttpEngine(Connection(Address(url, lambda: token)), base)
        try:
            yield engine
        finally:
            engine.close()


def ask(engine: HttpEngine, base: Base, new: int = 64, **more: Any) -> Generation:
    prompt = [base.fim.bos_id or 0, *base.tokenizer.encode("return ")]
    return engine.generate(GenerationRequest(prompt, new, **more))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ids_come_back_whatever_the_server_tells(dialect: Dialect, base: Base) -> None:
    script = Scripted(dialect, answer=said(base, TEXT))
    with engine_on(script, base) as engine:
        found = ask(engine, base)
        assert base.tokenizer.decode(found.ids) == TEXT
        assert found.finish_reason == "end"
        assert found.mean_logprob == (0.0 if dialect == "text" else -0.5)
        assert ask(engine, base, new=5).finish_reason == "length"
        is_text = isinstance(script.asked[-1]["prompt"], str)
        assert is_text == (dialect == "text")
        assert script.asked[-1]["prompt"] == (
            "return " if is_text else [base.fim.bos_id, *base.tokenizer.encode("return ")]
        )


def test_our_own_rule_ends_an_answer_and_closes_the_stream(base: Base) -> None:
    script = Scripted(answer=said(base, TEXT * 20), step_seconds=0.01)
    with engine_on(script, base) as engine:
        found = ask(engine, base, 200, should_stop=lambda ids: base.tokenizer.decode(ids).endswith("*"))
        assert (base.tokenizer.decode(found.ids), found.finish_reason) == ("width *", "stop")
        time.sleep(0.1)
        assert script.streamed[0] < 15


def test_a_cancelled_request_closes_its_stream_while_it_waits(base: Base) -> None:
    script = Scripted(answer=said(base, TEXT * 20), step_seconds=0.02)
    with engine_on(script, base) as engine:
        engine.check()
        gone = threading.Event()
        threading.Timer(0.15, gone.set).start()
        found = ask(engine, base, 200, is_cancelled=gone.is_set)
        assert found.finish_reason == "cancelled"
        time.sleep(0.2)
        assert script.streamed[0] < 20
        assert ask(engine, base, 3).finish_reason == "length"


def test_an_id_that_must_never_come_out_ends_the_answer(base: Base) -> None:
    script = Scripted(answer=(*said(base, "ab"), (base.fim.prefix_id, ""), *said(base, "c")))
    with engine_on(script, base) as engine:
        found = ask(engine, base)
        assert (base.tokenizer.decode(found.ids), found.finish_reason) == ("ab", "end")


def test_the_tail_of_a_prompt_stands_where_nobody_can_say_it_anew(base: Base) -> None:
    script = Scripted(answer=said(base, "x\n"))
    with engine_on(script, base) as engine:
        found = ask(engine, base, tail=2)
        assert base.tokenizer.decode(found.ids) == "n x\n"


def test_an_adapter_is_chosen_by_its_name_and_one_that_is_not_served_is_named(base: Base) -> None:
    models: Any = ({"id": "tiny"}, {"id": "mine", "parent": "tiny"})
    script = Scripted(models=models, answer=said(base, "x"))
    with engine_on(script, base) as engine:
        ask(engine, base, adapter="mine")
        assert script.asked[-1]["model"] == "mine"
        ask(engine, base)
        assert script.asked[-1]["model"] == "tiny"
        with pytest.raises(BadSetting, match='serves no model "miner"; did you mean "mine"'):
            ask(engine, base, adapter="miner")
        script.models = (*models, {"id": "miner", "parent": "tiny"})
        ask(engine, base, adapter="miner")


@pytest.mark.parametrize(
    "models",
    [({"id": "a"}, {"id": "b"}), ({"id": "tiny", "fingerprint": "other"},), ({"id": "tiny", "meta": {"n_vocab": 7}},)],
)
def test_a_server_of_other_weights_is_refused(models: Any, base: Base) -> None:
    with engine_on(Scripted(models=models), base) as engine, pytest.raises(BadSetting, match="serves"):
        engine.check()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_token_goes_along_and_a_wrong_one_is_told_when_it_is_looked_at(dialect: Dialect, base: Base) -> None:
    script = Scripted(dialect, token="secret", answer=said(base, "x"))
    with engine_on(script, base, "secret") as engine:
        assert ask(engine, base).finish_reason == "end"
    with engine_on(script, base, "guess") as engine, pytest.raises(BadSetting, match="wants another token"):
        engine.check()


def test_a_token_that_cannot_be_read_is_told_as_it_is(base: Base) -> None:
    is_damaged = False

    def token() -> str:
        if is_damaged:
            raise BadFile("engines.json is damaged")
        return ""

    with (
        running(app_of(Scripted(answer=said(base, "x")))) as url,
        closing(HttpEngine(Connection(Address(url, token)), base)) as engine,
    ):
        assert ask(engine, base).finish_reason == "end"
        is_damaged = True
        with pytest.raises(BadFile, match="is damaged"):
            ask(engine, base)


def test_a_character_of_several_ids_of_which_only_the_last_is_told_is_kept_whole(base: Base) -> None:
    *first, last = base.tokenizer.encode("€")
    assert first
    answer = (*said(base, "cost = '"), (last, "€"), *said(base, "'\n"))
    with engine_on(Scripted("llama.cpp", answer=answer), base) as engine:
        assert base.tokenizer.decode(ask(engine, base).ids) == "cost = '€'\n"
        assert base.tokenizer.decode(ask(engine, base, tail=2).ids) == "n cost = '€'\n"


def test_a_busy_server_is_asked_again_before_anything_came(base: Base) -> None:
    script = Scripted(answer=said(base, "x"))
    with engine_on(script, base) as engine:
        engine.check()
        script.failures = 2
        assert ask(engine, base).finish_reason == "end"


def test_an_answer_that_breaks_off_is_not_asked_for_again(base: Base) -> None:
    script = Scripted(answer=said(base, TEXT), breaks_after=3)
    with engine_on(script, base) as engine:
        with pytest.raises(EngineAway):
            ask(engine, base)
        assert script.streamed == [3]


def test_a_server_that_is_away_is_left_alone_for_a_while_and_found_again(base: Base) -> None:
    revived: list[bool] = []
    with running(app_of(Scripted())) as url:
        pass
    engine = HttpEngine(Connection(Address(url)), base, lambda: revived.append(True))
    for _ in range(3):
        with pytest.raises(EngineAway, match="does not answer"):
            ask(engine, base)
    assert revived == [True]
    time.sleep(0.6)
    with running(app_of(Scripted(answer=said(base, "x"))), int(url.rpartition(":")[2])):
        assert ask(engine, base).finish_reason == "end"
        engine.close()


def test_a_closed_engine_answers_as_cancelled(base: Base) -> None:
    script = Scripted(answer=said(base, TEXT * 20), step_seconds=0.05)
    with engine_on(script, base) as engine:
        threading.Timer(0.2, engine.close).start()
        assert ask(engine, base, 200).finish_reason == "cancelled"
        assert ask(engine, base).finish_reason == "cancelled"


def test_sentinels_that_have_no_spelling_are_not_sent_as_text(tiny: Callable[[str], Path]) -> None:
    base = read_base(str(tiny("gpt_neox")))
    with engine_on(Scripted("text", answer=said(base, "x")), base) as engine:
        prompt = base.fim.prompt(Parts((), (1, 2), (3, 4)), "spm")
        with pytest.raises(BadSetting, match="set form to prefix"):
            engine.generate(GenerationRequest(prompt, 4))
        assert engine.generate(GenerationRequest([1, 2], 4)).finish_reason == "end"


def test_who_waits_for_a_greeting_of_another_one_may_leave_and_is_not_kept_once_it_failed(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    greetings = []

    def greet(*_: Any) -> Any:
        greetings.append(True)
        asked.set()
        assert go_on.wait(20)
        raise EngineAway("nobody there")

    monkeypatch.setattr(http_engine, "greet", greet)
    monkeypatch.setattr(http_engine, "_SLOW_SECONDS", 0.0)
    with engine_on(Scripted(), base) as engine, ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, engine, base)
        assert asked.wait(20)
        # The first look whether anybody waits for it comes before it has to wait.
        looks = iter((False, True))
        assert ask(engine, base, is_cancelled=lambda: next(looks, True)).finish_reason == "cancelled"
        second = pool.submit(ask, engine, base)
        go_on.set()
        for waiting in (first, second):
            with pytest.raises(EngineAway, match="nobody there"):
                waiting.result(20)
    assert len(greetings) <= 2
