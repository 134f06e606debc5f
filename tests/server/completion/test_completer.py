"""The main path with a scripted engine: prompt, stop, clean-up, memory, cancellation."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.conftest import byte_tokenizer, word_tokenizer

from finetab.completion.completer import Completer, Voice
from finetab.completion.request import CompletionRequest, Ticket
from finetab.core.fim import FimFormat, Form
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document
from finetab.engine.base import Generation, GenerationRequest
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


@pytest.mark.parametrize(("form", "known"), [("spm", {"wanted", "unwanted"}), ("prefix", {"unwanted"})])
def test_what_stands_below_counts_only_in_a_form_that_has_it(
    form: Form, known: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    completer, engine = completer_of("1\n", form)
    asked: list[GenerationRequest] = []
    generate = engine.generate

    def recorded(request: GenerationRequest) -> Generation:
        asked.append(request)
        return generate(request)

    monkeypatch.setattr(engine, "generate", recorded)
    completer.complete(request_at("def f():\n    |\n    return total\n"))
    told = asked[0].leaning.told
    assert told.keys() == known
    assert bool(told["unwanted"]["last"]) == ("wanted" in known)


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


def test_a_word_cut_in_two_is_said_whole_and_only_its_rest_is_answered() -> None:
    words = Tokenizer(word_tokenizer())
    asked: list[GenerationRequest] = []

    def generate(request: GenerationRequest) -> Generation:
        asked.append(request)
        return Generation(tuple(words.encode(" return self\n")), "stop", len(request.prompt), 0, 0.0, 0.0, 0.0)

    engine = SimpleNamespace(generate=generate)
    completer = Completer(engine, Voice("tiny", "base", words, FIM, "prefix", Budgets(200, 100), 64))
    assert completer.complete(request_at("class A:\n    def f(self):\n       retur|\n")).text == "n self"
    (request,) = asked
    tail = words.decode(request.prompt[-request.tail :])
    assert tail == " retur"
    allowed = request.allowed(())
    assert allowed is not None
    assert all(word.startswith(tail) or tail.startswith(word) for word in map(words.decode, allowed[:, None].tolist()))
    assert request.allowed(words.encode(" return")) is None


def answering(*texts: str, logprob: float = -0.1) -> tuple[Completer, list[GenerationRequest]]:
    """A completer whose engine gives one text after the other, the last one for ever."""
    asked: list[GenerationRequest] = []

    def generate(request: GenerationRequest) -> Generation:
        text = texts[min(len(asked), len(texts) - 1)]
        asked.append(request)
        ids = []
        for index in TOKENIZER.encode(text):
            ids.append(index)
            if request.should_stop(ids):
                break
        return Generation(tuple(ids), "stop", len(request.prompt), 0, logprob, 0.0, 0.0)

    engine = SimpleNamespace(generate=generate)
    return Completer(engine, Voice("tiny", "base", TOKENIZER, FIM, "spm", Budgets(200, 100), 64)), asked


def test_further_candidates_are_drawn_with_seeds_and_differ() -> None:
    completer, asked = answering("one\n", "two\n", "two\n", "three\n")
    answer = completer.complete(replace(request_at("x = |\n"), num_candidates=3))
    assert (answer.text, answer.others) == ("one", ("two", "three"))
    assert [request.seed for request in asked] == [0, 1, 2, 3]
    assert [request.temperature > 0 for request in asked] == [False, True, True, True]


def test_a_model_of_few_words_is_not_asked_for_ever() -> None:
    completer, asked = answering("one\n")
    assert completer.complete(replace(request_at("x = |\n"), num_candidates=3)).others == ()
    assert len(asked) == 3
    completer.complete(replace(request_at("x = |\n"), num_candidates=3))
    assert len(asked) == 3


def test_candidates_are_worked_out_where_only_one_was_known_and_remembered_then() -> None:
    completer, _ = answering("one\n", "one\n", "two\n", "three\n")
    request = request_at("x = |\n")
    assert completer.complete(request).others == ()
    by_hand = replace(request, num_candidates=3)
    assert completer.recall(by_hand) is None
    assert completer.complete(by_hand).others == ("two", "three")
    known = completer.recall(by_hand)
    assert known is not None
    assert known.others == ("two", "three")


def test_an_answer_that_is_not_sure_enough_is_kept_for_who_asks_for_it() -> None:
    completer, asked = answering("width\n", logprob=-0.9)
    shy = completer.complete(replace(request_at("x = |\n"), min_logprob=-0.5))
    assert (shy.text, shy.why) == ("", "not sure enough")
    bold = completer.recall(request_at("x = |\n"))
    assert bold is not None
    assert bold.text == "width"
    assert len(asked) == 1


def test_the_line_after_an_answer_is_worked_out_ahead() -> None:
    completer, asked = answering("a = 1\n", "    b = 2\n")
    request = request_at("def f():\n    |\n")
    answer = completer.complete(request)
    completer.look_ahead(request, answer)
    for marked, rest in (
        ("def f():\n    a = 1|\n", "\n    b = 2"),  # taken: the next line is offered with its break
        ("def f():\n    a = 1\n    |\n", "b = 2"),
        ("def f():\n    a = 1\n    b|\n", " = 2"),
    ):
        found = completer.recall(request_at(marked))
        assert found is not None
        assert found.text == rest
    assert len(asked) == 2
    completer.look_ahead(request, answer)
    assert len(asked) == 2


def test_nothing_is_worked_out_ahead_in_the_middle_of_a_line() -> None:
    completer, asked = answering("a\n")
    request = request_at("x = f(|)\n")
    completer.look_ahead(request, completer.complete(request))
    assert len(asked) == 1


def test_typing_into_what_is_shown_goes_on_with_it_however_unsure_and_whichever_candidate() -> None:
    completer, asked = answering("width\n", "height\n", "depth\n", logprob=-2.0)
    completer.complete(replace(request_at("x = |\n"), num_candidates=3))
    for marked, rest in (("x = w|\n", "idth"), ("x = he|\n", "ight"), ("x = dept|\n", "h")):
        found = completer.recall(replace(request_at(marked), min_logprob=-0.5))
        assert found is not None
        assert (found.text, found.why) == (rest, "typed through")
    assert len(asked) == 3


def test_an_answer_of_the_next_line_is_not_offered_on_a_line_that_was_not_taken() -> None:
    completer, _ = answering("y = 2\n")
    completer.complete(request_at("x = 1\n|\n"))
    assert completer.recall(request_at("x = 1|\n")) is None


def test_an_answer_whose_tokens_are_used_up_loses_its_torn_line_before_it_is_remembered() -> None:
    completer, engine = completer_of("\n    first_number = 1\n    second_number = 2\n    third_number = 3\n")
    answer = completer.complete(request_at("def f():|\n"))
    assert (answer.text, answer.finish_reason) == ("\n    first_number = 1\n    second_number = 2", "length")
    known = completer.recall(request_at("def f():\n    first|\n"))
    assert known is not None
    assert known.text == "_number = 1\n    second_number = 2"
    assert len(engine.prompts) == 1


def test_a_block_that_is_closed_keeps_its_brace_where_the_rest_of_its_line_is_cut_off() -> None:
    said = "\n    refresh(first, second, third, fourth, fifth, sixth);\n}, 1000);\n"
    request = CompletionRequest(open_document("a.js", "setTimeout(() => {\n"), len("setTimeout(() => {"))
    assert completer_of(said)[0].complete(request).text.endswith("sixth);\n}")
