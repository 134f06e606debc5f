"""The main path with a scripted engine: prompt, stop, clean-up, memory, cancellation."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from tests.conftest import byte_tokenizer

from finetab.completion.completer import Completer, Voice
from finetab.completion.request import CompletionRequest, Ticket
from finetab.core.fim import FimFormat, Form
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document
from finetab.engine.base import Generation
from finetab.engine.scripted import ScriptedEngine

TOKENIZER = Tokenizer(byte_tokenizer())
FIM = FimFormat("test", 259, 260, 261, 258, 257, native=())


def completer_of(text: str, form: Form = "spm", step_seconds: float = 0.0) -> tuple[Completer, ScriptedEngine]:
    def script(prompt: Sequence[int]) -> list[int]:
        return TOKENIZER.encode(text)

    engine = ScriptedEngine(script, step_seconds)
    return Completer(engine, Voice("tiny", "mine@1", TOKENIZER, FIM, form, Budgets(200, 100), 64)), engine


def request_at(marked: str, ticket: Ticket | None = None) -> CompletionRequest:
    return CompletionRequest(open_document("a.py", marked.replace("|", "", 1)), marked.index("|"), ticket or Ticket())


@pytest.mark.parametrize("form", ["spm", "psm", "prefix"])
def test_the_engine_is_asked_with_the_format_s_own_prompt(form: Form) -> None:
    completer, engine = completer_of("1\n", form)
    request = request_at("x = |\ny = 2\n")
    answer = completer.complete(request)
    expected = FIM.prompt(completer.windows.parts(request.document, request.offset), form)
    assert engine.prompts == [expected]
    assert (answer.text, answer.form, answer.adapter) == ("1", form, "mine@1")
    assert answer.prompt_tokens == len(expected)
    assert answer.prefill_ms is not None
    assert answer.decode_ms is not None
    assert (completer.base, completer.adapter) == ("tiny", "mine@1")


def test_typing_through_asks_the_engine_once() -> None:
    completer, engine = completer_of("width\n")
    for typed, rest in (("", "width"), ("w", "idth"), ("wid", "th")):
        answer = completer.complete(request_at(f"x = {typed}|\n"))
        assert answer.text == rest
    assert len(engine.prompts) == 1
    assert answer.why == "typed through"


def test_what_a_filter_takes_away_is_said() -> None:
    completer, _ = completer_of("y = 2\n")
    answer = completer.complete(request_at("x = 1\n|\ny = 2\n"))
    assert (answer.text, answer.why, answer.finish_reason) == ("", "filtered", "next line repeated")


def test_an_answer_of_nothing_is_said() -> None:
    completer, _ = completer_of("")
    assert completer.complete(request_at("x = 1|\n")).why == "nothing to add"


@pytest.mark.parametrize("why", ["superseded", "cancelled"])
def test_an_ended_ticket_gives_no_text_and_is_not_remembered(why: str) -> None:
    completer, engine = completer_of("width\n", step_seconds=0.001)
    ticket = Ticket()
    ticket.end("superseded" if why == "superseded" else "cancelled")
    answer = completer.complete(request_at("x = |\n", ticket))
    assert (answer.text, answer.why, answer.generated_tokens) == ("", why, 0)
    assert completer.complete(request_at("x = |\n")).text == "width"
    assert len(engine.prompts) == 2


def test_an_engine_that_was_closed_meanwhile_gives_no_text_and_is_not_remembered() -> None:
    completer, _ = completer_of("width\n")
    closed = Generation((), "cancelled", 9, 0, 0.0, 0.0, 0.0)
    completer.engine = SimpleNamespace(generate=lambda request: closed)
    assert completer.complete(request_at("x = |\n")).why == "cancelled"
    completer.engine = completer_of("width\n")[1]
    assert completer.complete(request_at("x = |\n")).text == "width"


def test_answers_take_the_line_ends_of_the_file() -> None:
    completer, _ = completer_of("b = a\n    return b\n\n\nx")
    answer = completer.complete(request_at("def f(a):\r\n    |\r\n"))
    assert answer.text == "b = a\r\n    return b"
