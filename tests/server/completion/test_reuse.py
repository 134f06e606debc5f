"""What is remembered: type-through, the same place again, and nothing anywhere else."""

import pytest

from finetab.completion.request import Answer, CompletionRequest
from finetab.completion.reuse import Memory
from finetab.documents import open_document


def request_at(marked: str, path: str = "a.py") -> CompletionRequest:
    return CompletionRequest(open_document(path, marked.replace("|", "", 1)), marked.index("|"))


def memory(marked: str, text: str, path: str = "a.py") -> Memory:
    made = Memory()
    made.remember(request_at(marked, path), Answer(text, "answered"))
    return made


@pytest.mark.parametrize(
    ("marked", "rest"),
    [
        ("x = |\n", "width * height"),
        ("x = wid|\n", "th * height"),
        ("x = width * heigh|\n", "t"),
        ("x = width * height|\n", None),
        ("x = wod|\n", None),
        ("x =|\n", None),
        ("y = |\n", None),
        ("x = | \n", None),
    ],
)
def test_typing_into_an_answer_is_answered_with_its_rest(marked: str, rest: str | None) -> None:
    found = memory("x = |\n", "width * height").find(request_at(marked))
    assert (found.text if found else None) == rest


def test_another_file_with_the_same_text_is_another_place() -> None:
    assert memory("x = |\n", "1").find(request_at("x = |\n", "b.py")) is None


def test_nothing_to_add_is_remembered_for_that_place_only() -> None:
    made = memory("x = 1|\n", "")
    again = made.find(request_at("x = 1|\n"))
    assert again is not None
    assert (again.text, again.why) == ("", "remembered")
    assert made.find(request_at("x = 12|\n")) is None


def test_a_remembered_answer_costs_no_tokens() -> None:
    made = Memory()
    made.remember(
        request_at("x = |\n"), Answer("12", "answered", prompt_tokens=40, reused_tokens=3, generated_tokens=2)
    )
    found = made.find(request_at("x = 1|\n"))
    assert found is not None
    assert (found.why, found.reused_tokens, found.generated_tokens) == ("typed through", 40, 0)


def test_the_least_recent_answers_are_forgotten() -> None:
    made = Memory()
    for index in range(300):
        made.remember(request_at(f"x = |\n{index}"), Answer("1", "answered"))
    assert made.find(request_at("x = |\n0")) is None
    assert made.find(request_at("x = |\n299")) is not None


@pytest.mark.parametrize(
    ("marked", "rest"),
    [
        ("x = f(|)\n", "a, g(b)"),
        ("x = f(a, |)\n", "g(b)"),
        ("x = f(a, g(|))\n", "b"),
        ("x = f(a, b|)\n", None),
        ("x = f[|]\n", None),
    ],
)
def test_a_bracket_that_the_editor_closes_does_not_end_an_answer(marked: str, rest: str | None) -> None:
    made = memory("x = |\n", "f(a, g(b))[0]")
    made.find(request_at("x = f(|)\n"))
    found = made.find(request_at(marked))
    assert (found.text if found else None) == rest


@pytest.mark.parametrize("before", ["", "f("])
def test_nor_does_a_quote(before: str) -> None:
    found = memory("x = |\n", f"{before}'a b'").find(request_at(f"x = {before}'|'\n"))
    assert found is not None
    assert found.text == "a b"


@pytest.mark.parametrize(
    ("path", "answer", "pair", "inside"),
    [
        ("a.py", '(r"\\)", "", text)', "()", 'r"\\)", "", text'),
        ("a.py", '(":(", [a])[0]', "()", '":(", [a]'),
        ("a.py", "(  # :)\n    a\n)", "()", "  # :)\n    a\n"),
        ("a.py", '(f"{g(a)})")', "()", 'f"{g(a)})"'),
        ("a.js", "(/[)]/, `${g(')')}`)", "()", "/[)]/, `${g(')')}`"),
        ("a.go", "(')', b)", "()", "')', b"),
        ("a.sh", "($(f ')') b)", "()", "$(f ')') b"),
        ("a.txt", "(a (b) c) d", "()", "a (b) c"),
        ("a.py", '"it\\"s " + name', '""', 'it\\"s '),
        ("a.py", '"\\\\" + name', '""', "\\\\"),
        ("a.py", '"it\\"', '""', None),
        ("a.py", '"""It."""', '""', None),
    ],
)
def test_what_closes_a_pair_is_no_letter_of_a_string(path: str, answer: str, pair: str, inside: str | None) -> None:
    found = memory("x = a|\n", answer, path).find(request_at(f"x = a{pair[0]}|{pair[1]}\n", path))
    assert (found.text if found else None) == inside
