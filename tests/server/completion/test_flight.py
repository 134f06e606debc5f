"""What is being worked out goes on for who types along with it, and stops for who does not."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.conftest import byte_tokenizer, word_tokenizer

from finetab.completion.completer import Completer, Voice
from finetab.completion.flight import Flight, Flights, typed_since
from finetab.completion.request import Answer, CompletionRequest
from finetab.core.fim import FimFormat
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document
from finetab.engine.base import Generation, GenerationRequest

BYTES, WORDS = Tokenizer(byte_tokenizer()), Tokenizer(word_tokenizer())
FIM = FimFormat("test", 5259, 5260, 5261, 5258, 5257, native=())


def request_at(marked: str, path: str = "a.py") -> CompletionRequest:
    return CompletionRequest(open_document(path, marked.replace("|", "", 1)), marked.index("|"))


def flight_saying(said: str, marked: str = "x = |\n") -> Flight:
    flight = Flight(request_at(marked))
    flight.said = said
    return flight


@pytest.mark.parametrize(
    ("newer", "typed"),
    [
        ("x = |\n", ""),
        ("x = wi|\n", "wi"),
        ("x = f(|)\n", "f("),
        ("x = f(a|)\n", "f(a"),
        ("x =|\n", None),
        ("y = w|\n", None),
        ("x = w|i\n", None),
        ("x = w|\n\n", None),
        ("x = |w\n", None),
    ],
)
def test_what_was_typed_since_is_told_from_other_changes(newer: str, typed: str | None) -> None:
    assert typed_since(request_at("x = |\n"), request_at(newer)) == typed
    assert typed_since(request_at("x = |\n"), request_at(newer, "b.py")) is None


@pytest.mark.parametrize(
    ("said", "newer", "goes_on"),
    [
        ("", "x = wi|\n", True),
        ("w", "x = wi|\n", True),
        ("width * h", "x = wi|\n", True),
        ("width * h", "x = |\n", True),
        ("he", "x = wi|\n", False),
        ("wo", "x = wi|\n", False),
        ("w\ufffd", "x = wö|\n", True),
        ("width", "x = wi|\n\n", False),
    ],
)
def test_it_goes_on_for_the_next_request_where_the_text_agrees(said: str, newer: str, *, goes_on: bool) -> None:
    flight = flight_saying(said)
    assert flight.take_over(request_at(newer)) is goes_on


def test_it_ends_as_soon_as_it_says_something_else_than_was_typed() -> None:
    flight = flight_saying("")
    assert flight.take_over(request_at("x = wi|\n"))
    flight.said = "w"
    assert not flight.is_over()
    flight.said = "we"
    assert flight.is_over()


def test_line_breaks_are_compared_as_the_model_says_them() -> None:
    flight = flight_saying("a = 1\n    b", "def f():\r\n    |\r\n")
    assert flight.take_over(request_at("def f():\r\n    a = 1\r\n    |\r\n"))


def test_left_alone_it_ends_after_a_while_and_at_once_when_somebody_needs_the_model() -> None:
    flights = Flights()
    left = request_at("x = |\n")
    with flights.begin(left) as flight:
        left.ticket.end("cancelled")
        assert not flight.is_over()
        time.sleep(0.3)
        assert flight.is_over()
    left = request_at("x = |\n")
    with flights.begin(left) as flight:
        left.ticket.end("cancelled")
        with flights.begin(request_at("y = |\n", "b.py")) as other:
            assert flight.is_over()
            assert not other.is_over()


def test_another_document_s_work_is_let_be_while_it_is_wanted() -> None:
    flights = Flights()
    with flights.begin(request_at("x = |\n")) as flight:
        with flights.begin(request_at("y = |\n", "b.py")):
            assert not flight.is_over()
        assert flights.take_over("b.py", [request_at("y = 1|\n", "b.py")]) is None
        assert not flight.is_over()
        with flights.begin(request_at("x = a|\n")):
            assert flight.is_over()


def test_a_request_withdrawn_before_it_began_disturbs_nobody() -> None:
    flights = Flights()
    withdrawn = request_at("x = |\n")
    withdrawn.ticket.end("superseded")
    with flights.begin(request_at("x = 1|\n")) as flight, flights.begin(withdrawn) as late:
        assert late.is_over()
        assert not flight.is_over()


def test_further_candidates_asked_for_by_hand_are_not_waited_for() -> None:
    by_hand = replace(request_at("x = |\n"), num_candidates=3)
    flight = Flight(by_hand)
    assert not flight.take_over(request_at("x = w|\n"))
    by_hand.ticket.end("cancelled")
    assert flight.is_over()


class TypedInto:
    """An engine that says a text, and calls back before each step: what a keyboard does while a model works."""

    def __init__(self, tokenizer: Tokenizer, text: str, at_step: Callable[[int], None] = lambda step: None) -> None:
        self.tokenizer, self.text, self.at_step = tokenizer, text, at_step
        self.num_asked = 0

    def generate(self, request: GenerationRequest) -> Generation:
        self.num_asked += 1
        tail = self.tokenizer.decode(request.prompt[len(request.prompt) - request.tail :])
        ids: list[int] = []
        reason = "end"
        for step, index in enumerate(self.tokenizer.encode(tail + self.text)):
            self.at_step(step)
            if request.is_cancelled():
                reason = "cancelled"
                break
            ids.append(index)
            if request.should_stop(ids):
                reason = "stop"
                break
        return Generation(tuple(ids), reason, len(request.prompt), 0, -0.1, 0.0, 0.0)  # type: ignore[arg-type]  # one of its reasons

    def close(self) -> None:
        pass


def completer_on(engine: TypedInto) -> Completer:
    return Completer(engine, Voice("tiny", "base", engine.tokenizer, FIM, "prefix", Budgets(200, 100), 64))


def typing(steps: Sequence[str], text: str, tokenizer: Tokenizer = BYTES) -> tuple[Completer, TypedInto, list[bool]]:
    """A model that says a text while one marked document after the other is asked about, one a step."""
    agreed: list[bool] = []

    def at_step(step: int) -> None:
        if step < len(steps):
            agreed.append(completer.take_over(request_at(steps[step])) is not None)

    engine = TypedInto(tokenizer, text, at_step)
    completer = completer_on(engine)
    return completer, engine, agreed


def rest(answer: Answer | None) -> str | None:
    return answer.text if answer is not None else None


def test_what_is_left_after_typing_along_is_the_answer_and_the_model_is_asked_once() -> None:
    completer, engine, agreed = typing(["x = w|\n", "x = wi|\n", "x = wid|\n"], "width * height\n")
    started = request_at("x = |\n")
    completer.complete(started)
    found = completer.recall(request_at("x = wid|\n"))
    assert (agreed, rest(found), engine.num_asked) == ([True] * 3, "th * height", 1)


def test_a_word_cut_in_two_is_taken_over_as_well() -> None:
    completer, _, agreed = typing(["x = self.wid|\n", "x = self.widt|\n"], "dth\n", WORDS)
    completer.complete(request_at("x = self.wi|\n"))
    assert (agreed, rest(completer.recall(request_at("x = self.widt|\n")))) == ([True, True], "h")


def test_it_stops_within_a_step_when_something_else_is_typed() -> None:
    completer, _, agreed = typing(["x = w|\n", "x = we|\n"], "width * height\n")
    answer = completer.complete(request_at("x = |\n"))
    assert (agreed, answer.text, answer.generated_tokens) == ([True, True], "", 2)
    assert completer.recall(request_at("x = |\n")) is None


def test_a_bracket_that_the_editor_closes_does_not_end_it() -> None:
    completer, _, agreed = typing(["x = f(|)\n", "x = f(a|)\n", "x = f(a,|)\n"], "f(a, g(b))[0]\n")
    completer.complete(request_at("x = |\n"))
    assert (agreed, rest(completer.recall(request_at("x = f(a,|)\n")))) == ([True] * 3, " g(b)")


def test_the_line_that_is_worked_out_ahead_is_waited_for_once_the_answer_before_it_was_taken() -> None:
    completer, engine, agreed = typing([], "a = 1\n")
    request = request_at("def f():\n    |\n")
    answer = completer.complete(request)
    engine.text = "    b = 2\n"
    taken = request_at("def f():\n    a = 1|\n")
    engine.at_step = lambda step: agreed.append(completer.take_over(taken) is not None) if step == 1 else None
    completer.look_ahead(request, answer)
    assert (agreed, rest(completer.recall(taken)), engine.num_asked) == ([True], "\n    b = 2", 2)


LINES = ["width = height\n", "f(a, [b])\n", "größe 𝒳\n", "x\n", '"a b"\n', ""]
KEYS = ["agree", "agree", "agree more", "wrong", "back", "below", "pair", "again"]


def pressed(key: str, before: str, after: str, line: str) -> tuple[str, str]:
    """The text around the cursor after a key; `line` is what the model would say next."""
    if key == "wrong":
        return before + "~", after
    if key == "back":
        return before[:-1], after
    if key == "below":
        return before, after + "y = 1\n"
    if key == "pair" and line[:1] in ("(", "[", '"'):
        return before + line[0], {"(": ")", "[": "]", '"': '"'}[line[0]] + after
    return before + line[: {"agree": 1, "agree more": 3}.get(key, 0)], after


@given(st.sampled_from([BYTES, WORDS]), st.sampled_from(LINES), st.lists(st.sampled_from(KEYS), max_size=12))
@example(BYTES, "f(a, [b])\n", ["agree", "pair", "agree", "again"])
@settings(deadline=None, derandomize=True, database=None, max_examples=300)
def test_whatever_is_typed_the_answer_is_that_of_the_older_place_typed_through(
    tokenizer: Tokenizer, line: str, steps: list[str]
) -> None:
    start, end = "def f():\n    x = sel", "\n"
    typed: list[tuple[str, str]] = [(start, end)]

    def at_step(step: int) -> None:
        if step < len(steps):
            before, after = typed[-1]
            said = before[len(start) :]
            typed.append(pressed(steps[step], before, after, line[len(said) :].rstrip("\n")))
            agreed.append(completer.take_over(request_at("|".join(typed[-1]))) is not None)

    agreed: list[bool] = []
    completer = completer_on(TypedInto(tokenizer, line, at_step))
    stopped = completer.complete(request_at(f"{start}|{end}")).why == "cancelled"
    alone = completer_on(TypedInto(tokenizer, line))
    whole = alone.complete(request_at(f"{start}|{end}"))
    newest = request_at("|".join(typed[-1]))
    found = completer.recall(newest)
    assert stopped or all(agreed)
    assert rest(found) == (None if stopped else rest(alone.recall(newest)))
    assert found is None or (start + whole.text).startswith(typed[-1][0] + found.text)
